#pragma once

#include "core/time_zone.h"

namespace lockstep {

/// The zone of that name ("Europe/Berlin") from the system's database, /usr/share/zoneinfo; "UTC"
/// needs no file. Errors: `refused`, naming the zone: there is none of that name (or no database:
/// the package is tzdata); `corrupt`.
[[nodiscard]] Result<TimeZone> load_time_zone(const std::string& name);

} // namespace lockstep
