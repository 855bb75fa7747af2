#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace lockstep {

/// When a place's clocks are changed: all that is needed of the system's time zone database to go
/// from an instant to what a clock on the wall shows, and back.
struct TimeZone {
    struct Change {
        std::int64_t from_unix_s = 0;
        std::int32_t offset_s = 0; // East of Greenwich is positive.
        friend bool operator==(const Change&, const Change&) = default;
    };
    std::string name;                // "Europe/Berlin"
    std::int32_t first_offset_s = 0; // Before all changes.
    std::vector<Change> changes;     // In order of time.
    friend bool operator==(const TimeZone&, const TimeZone&) = default;
};

[[nodiscard]] inline TimeZone utc_zone() {
    return {"UTC", 0, {}};
}
/// Reads a compiled zone ("TZif", RFC 8536, version 2 or later). The rule at its end, which says
/// how it goes on, is written out up to the year 2100. Errors: `corrupt`, naming the zone.
[[nodiscard]] Result<TimeZone> parse_time_zone(std::string name, std::string_view bytes);

[[nodiscard]] std::int32_t offset_at(const TimeZone& zone, std::int64_t unix_s);
/// The first instant at which the clock shows `local_s` (seconds since 1970-01-01 00:00 as that
/// clock counts), or, where it is put forward over it, the instant at which that happens.
[[nodiscard]] std::int64_t first_instant(const TimeZone& zone, std::int64_t local_s);

} // namespace lockstep
