#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace lockstep::cli {

/// Reads "2026-11-26T03:45:00Z", "2026-11-26 03:45:00.250+01:00" (RFC 3339; seconds and their
/// parts may be left out). Errors: `refused`: no such time, or no zone, without which a time means
/// another one to each reader.
[[nodiscard]] Result<std::int64_t> parse_instant(const std::string& text);
/// "2026-11-26T03:45:00.250Z (04:45:00 here)": the zone of this process.
[[nodiscard]] std::string show_instant(std::int64_t unix_ms);

} // namespace lockstep::cli
