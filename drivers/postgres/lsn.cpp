#include "drivers/postgres/lsn.h"

#include <charconv>

#include <spdlog/fmt/fmt.h>

namespace lockstep::postgres {
namespace {

constexpr std::uint64_t bytes_per_log = 1ULL << 32U;

/// One to eight hexadecimal digits, and nothing else.
bool parse_half(std::string_view text, std::uint32_t& half) {
    if (text.empty() || text.size() > 8) {
        return false;
    }
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, half, 16);
    return parsed.ec == std::errc{} && parsed.ptr == end;
}

} // namespace

Result<std::uint64_t> parse_lsn(std::string_view text) {
    const auto slash = text.find('/');
    std::uint32_t high = 0;
    std::uint32_t low = 0;
    if (slash == std::string_view::npos || !parse_half(text.substr(0, slash), high) ||
        !parse_half(text.substr(slash + 1), low)) {
        return fail(Errc::corrupt, fmt::format("\"{}\" is not a WAL location", text));
    }
    return (std::uint64_t{high} << 32U) | low;
}

std::string format_lsn(std::uint64_t lsn) {
    return fmt::format("{:X}/{:X}", lsn >> 32U, lsn & 0xFFFFFFFFU);
}

Result<SegmentName> parse_segment_name(std::string_view name, std::uint64_t segment_bytes) {
    SegmentName segment;
    std::uint32_t log = 0;
    std::uint32_t part = 0;
    if (name.size() != 24 || !parse_half(name.substr(0, 8), segment.timeline) ||
        !parse_half(name.substr(8, 8), log) || !parse_half(name.substr(16, 8), part)) {
        return fail(Errc::corrupt, fmt::format("\"{}\" is not a WAL segment's name", name));
    }
    segment.number = log * (bytes_per_log / segment_bytes) + part;
    return segment;
}

std::string format_segment_name(SegmentName segment, std::uint64_t segment_bytes) {
    const auto per_log = bytes_per_log / segment_bytes;
    return fmt::format("{:08X}{:08X}{:08X}", segment.timeline, segment.number / per_log,
                       segment.number % per_log);
}

Result<Timeline> parse_timeline_prefix(std::string_view file_name) {
    Timeline timeline = 0;
    if (file_name.size() < 8 || !parse_half(file_name.substr(0, 8), timeline) || timeline == 0) {
        return fail(Errc::corrupt, fmt::format("\"{}\" does not begin with a timeline", file_name));
    }
    return timeline;
}

std::uint64_t end_of_record(std::uint64_t start, std::uint32_t record_bytes,
                            std::uint64_t page_bytes, std::uint64_t segment_bytes) {
    constexpr std::uint64_t page_header_bytes = 24;
    constexpr std::uint64_t segment_header_bytes = 40; // Of a segment's first page.
    std::uint64_t left = (std::uint64_t{record_bytes} + 7) / 8 * 8;
    std::uint64_t end = start;
    while (true) {
        const auto room = page_bytes - end % page_bytes;
        if (left <= room) {
            return end + left;
        }
        left -= room;
        end += room;
        end += end % segment_bytes == 0 ? segment_header_bytes : page_header_bytes;
    }
}

} // namespace lockstep::postgres
