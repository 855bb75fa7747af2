#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

/// Reading the log itself: faster than to ask pg_waldump, and exact where a record runs from one
/// segment into the next. Source: PostgreSQL, access/xlogrecord.h, xlog_internal.h, xact.h; the
/// same from 13 to 17.
namespace lockstep::postgres {

/// What the first page of a segment's file says.
struct SegmentHeader {
    std::string system_id;
    std::uint64_t begin = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t page_bytes = 0;
};
/// Errors: `corrupt`: this is no segment of a log.
[[nodiscard]] Result<SegmentHeader> read_segment_header(std::string_view content);

/// A record that began in one segment and ends in the next.
struct CarriedRecord {
    std::string bytes; // As far as it has come.
    std::uint64_t resumes_at = 0;
};

/// What the records of a segment come to.
struct SegmentScan {
    std::uint64_t end = 0; // Of the last record that ends in it; of the segment after a switch.
    bool whole = false;    // Records, or what follows a switch, up to the segment's end.
    std::string stopped;   // Why it is not: what stands at `end`.
    std::uint64_t records = 0;
    std::optional<std::int64_t> first_commit_us; // Since 1970; the first in the log.
    std::optional<std::int64_t> last_commit_us;  // The latest.
    std::optional<CarriedRecord> carried;
};

/// Reads a segment's records, comparing each with its checksum. `carried` is what the scan of the
/// segment before left; without it a record that ends here and began there is passed over. Commits
/// that end at or before `after`, or past `until`, are not counted.
[[nodiscard]] SegmentScan scan_segment(const SegmentHeader& header, std::string_view content,
                                       std::optional<CarriedRecord> carried = std::nullopt,
                                       std::uint64_t after = 0, std::uint64_t until = UINT64_MAX);

} // namespace lockstep::postgres
