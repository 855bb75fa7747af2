#include "drivers/postgres/lsn.h"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

constexpr std::uint64_t segment_bytes = 16U << 20U;

TEST(Lsn, ReadsAndPrintsTwoHexadecimalHalves) {
    EXPECT_EQ(parse_lsn("0/0"), 0U);
    EXPECT_EQ(parse_lsn("16/B374D848"), 0x16B374D848U);
    EXPECT_EQ(parse_lsn("FFFFFFFF/FFFFFFFF"), UINT64_MAX);
    for (const auto* const text : {"0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/A"}) {
        EXPECT_EQ(format_lsn(parse_lsn(text).value()), text);
    }
}

TEST(Lsn, RefusesAnythingElse) {
    for (const auto* const text : {"", "/", "0/", "/0", "0/0 ", " 0/0", "0/0/0", "g/0", "0x1/0",
                                   "-1/0", "123456789/0", "0/123456789"}) {
        const auto lsn = parse_lsn(text);
        ASSERT_FALSE(lsn) << text;
        EXPECT_EQ(lsn.error().code, Errc::corrupt);
    }
}

TEST(SegmentName, CountsSegmentsAcrossLogFiles) {
    const auto segment = parse_segment_name("0000000A00000002000000FF", segment_bytes);
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->timeline, 10U);
    EXPECT_EQ(segment->number, 2U * 256 + 255);
    EXPECT_EQ(format_segment_name(*segment, segment_bytes), "0000000A00000002000000FF");
    EXPECT_EQ(parse_segment_name("000000010000000100000003", 1U << 30U)->number, 7U);
}

TEST(SegmentName, IsNotAHistoryNorAPartialFile) {
    for (const auto* const name : {"00000002.history", "000000010000000000000001.partial",
                                   "archive_status", "00000001000000000000000G", ""}) {
        EXPECT_FALSE(parse_segment_name(name, segment_bytes)) << name;
    }
}

TEST(EndOfRecord, IsPaddedAndStepsOverPageHeaders) {
    constexpr std::uint64_t page = 8192;
    constexpr std::uint64_t segment = 16U << 20U;
    EXPECT_EQ(end_of_record(0x5000060, 114, page, segment), 0x50000D8U);
    EXPECT_EQ(end_of_record(0x5001F88, 114, page, segment), 0x5002000U) << "fills the page";
    EXPECT_EQ(end_of_record(0x5001F90, 114, page, segment), 0x5002020U) << "8 bytes on the next";
    EXPECT_EQ(end_of_record(0x5FFFFE0, 114, page, segment), 0x6000080U) << "on the next segment";
    EXPECT_EQ(end_of_record(0x5000060, 8192 * 2, page, segment), 0x5004000U + 0x60U + 2U * 24U);
}

TEST(TimelinePrefix, IsTheFirstEightDigits) {
    EXPECT_EQ(parse_timeline_prefix("0000000A00000002000000FF"), 10U);
    EXPECT_EQ(parse_timeline_prefix("00000003.history"), 3U);
    EXPECT_FALSE(parse_timeline_prefix("00000000.history"));
    EXPECT_FALSE(parse_timeline_prefix("history"));
}

} // namespace
} // namespace lockstep::postgres
