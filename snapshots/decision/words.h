#pragma once

#include <cstdint>
#include <string>

namespace lockstep::snapshots {

/// "2026-11-26T03:45:00.250Z"
[[nodiscard]] std::string utc(std::int64_t unix_ms);
/// "1.5 GB", "12 kB", "3 bytes": in thousands, as disks are sold.
[[nodiscard]] std::string size_in_words(std::uint64_t bytes);
/// "3 days", "1 day", "5 hours": whole ones, the largest unit that fits.
[[nodiscard]] std::string span_in_words(std::int64_t span_ms);

} // namespace lockstep::snapshots
