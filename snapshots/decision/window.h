#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/snapshot.h"
#include "core/time_zone.h"

namespace lockstep::snapshots {

/// A part of each day, as a clock on the wall shows it.
struct BackupWindow {
    int begin_minutes = 0; // Since midnight.
    int length_minutes = 0;
    friend bool operator==(const BackupWindow&, const BackupWindow&) = default;
};

/// Parses `hh:mm-hh:mm`; `23:50-00:20` goes over midnight. Errors: `refused` unless it is 30
/// minutes to less than a day long.
[[nodiscard]] Result<BackupWindow> parse_window(std::string_view text);
[[nodiscard]] std::string in_words(const BackupWindow& window);

/// A window on one day. It is always as long as asked for: where the clocks change within it, the
/// wall shows another end. One whose begin is jumped over begins at the jump; of a begin that the
/// clock shows twice the first one counts.
struct Opening {
    std::int64_t from_unix_ms = 0;
    std::int64_t to_unix_ms = 0; // Excluded.
    friend bool operator==(const Opening&, const Opening&) = default;
};
/// The last one that has begun.
[[nodiscard]] Opening last_opening(const BackupWindow& window, const TimeZone& zone,
                                   std::int64_t now_unix_ms);
/// The first one that begins later than now.
[[nodiscard]] Opening next_opening(const BackupWindow& window, const TimeZone& zone,
                                   std::int64_t now_unix_ms);

/// What was written in half an hour.
struct WriteSample {
    std::int64_t unix_ms = 0; // Its begin.
    std::uint64_t bytes = 0;
};
/// The quietest window of the day.
struct WindowProposal {
    BackupWindow window;
    std::uint64_t bytes_per_second = 0;         // Written in it on average,
    std::uint64_t present_bytes_per_second = 0; // and in the present one.
    std::string why;
};
/// Of the windows as long as the present one that begin at a full or half hour, the one with the
/// fewest writes. Nothing unless each half hour of the day was seen at least three times; the
/// present one if no other is at least a tenth quieter.
[[nodiscard]] std::optional<WindowProposal> propose_window(const std::vector<WriteSample>& samples,
                                                           const TimeZone& zone,
                                                           const BackupWindow& present);

} // namespace lockstep::snapshots
