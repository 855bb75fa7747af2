#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace lockstep::postgres {

/// Parses a WAL location as PostgreSQL prints it, such as `16/B374D848`: two 32-bit halves in
/// hexadecimal. Returns bytes since the start of the log. Errors: `corrupt` unless `text` is
/// exactly one location. Source: PostgreSQL 15 manual, 8.20 "pg_lsn Type".
[[nodiscard]] Result<std::uint64_t> parse_lsn(std::string_view text);
[[nodiscard]] std::string format_lsn(std::uint64_t lsn);

using Timeline = std::uint32_t;

/// A WAL segment's file name, `TTTTTTTTXXXXXXXXYYYYYYYY`, all hexadecimal: timeline, and the
/// segment's number split by 4 GiB.
struct SegmentName {
    Timeline timeline = 0;
    std::uint64_t number = 0;
};
/// Errors: `corrupt` for anything else, `.partial` and history files among them.
[[nodiscard]] Result<SegmentName> parse_segment_name(std::string_view name,
                                                     std::uint64_t segment_bytes);
[[nodiscard]] std::string format_segment_name(SegmentName segment, std::uint64_t segment_bytes);

/// Where a record of `record_bytes` that begins at `start` ends: it is padded to 8 bytes, and every
/// page that it runs into begins with a header. Source: PostgreSQL, access/xlog_internal.h.
[[nodiscard]] std::uint64_t end_of_record(std::uint64_t start, std::uint32_t record_bytes,
                                          std::uint64_t page_bytes, std::uint64_t segment_bytes);

/// The timeline in the first eight digits of a segment's or history file's name.
[[nodiscard]] Result<Timeline> parse_timeline_prefix(std::string_view file_name);

} // namespace lockstep::postgres
