#include "drivers/postgres/snapshot/log_scan.h"

#include <cstring>

#include <gtest/gtest.h>

#include "drivers/postgres/snapshot/crc32c.h"

namespace lockstep::postgres {
namespace {

constexpr std::uint64_t segment_bytes = 1U << 20U;
constexpr std::uint64_t page_bytes = 8192;
constexpr std::int64_t epoch_us = 946'684'800'000'000;

template <class Number> void put(std::string& text, std::size_t at, Number number) {
    std::memcpy(text.data() + at, &number, sizeof number);
}

/// Writes a log as the engine does, so that what is read of it can be compared.
class Log {
public:
    explicit Log(std::uint64_t first_segment) : begin_(first_segment * segment_bytes) {}

    /// Returns where the record ends.
    std::uint64_t add(std::uint8_t manager, std::uint8_t info, std::string data) {
        const bool is_long = data.size() > 255;
        std::string record(24, '\0');
        record += static_cast<char>(is_long ? 254 : 255);
        if (is_long) {
            record.resize(29);
            put(record, 25, static_cast<std::uint32_t>(data.size()));
        } else {
            record += static_cast<char>(data.size());
        }
        record += data;
        put(record, 0, static_cast<std::uint32_t>(record.size()));
        record[16] = static_cast<char>(info);
        record[17] = static_cast<char>(manager);
        Crc32c crc;
        crc.add(std::string_view(record).substr(24));
        crc.add(std::string_view(record).substr(0, 20));
        put(record, 20, crc.value());
        append(record);
        return begin_ + text_.size();
    }
    std::uint64_t commit(std::int64_t unix_us) {
        std::string data(8, '\0');
        put(data, 0, unix_us - epoch_us);
        return add(1, 0x80, data);
    }
    void fill_up_to(std::uint64_t place) {
        while (begin_ + text_.size() + 300 < place) {
            add(10, 0, std::string(100, 'x'));
        }
    }
    void skip_segment() {
        while (text_.size() % segment_bytes != 0) {
            text_ += '\0';
        }
    }
    /// Segment `index`, filled up with zeros.
    std::string segment(std::size_t index) const {
        auto part = index * segment_bytes < text_.size()
                        ? text_.substr(index * segment_bytes, segment_bytes)
                        : std::string();
        part.resize(segment_bytes);
        return part;
    }

private:
    void append(std::string_view record) {
        bool first = true;
        while (!record.empty()) {
            if (text_.size() % page_bytes == 0) {
                add_page_header(first ? 0 : static_cast<std::uint32_t>(record.size()));
            }
            const auto room = page_bytes - text_.size() % page_bytes;
            const auto piece = record.substr(0, room);
            text_ += piece;
            record.remove_prefix(piece.size());
            first = false;
        }
        text_.resize((text_.size() + 7) / 8 * 8);
    }
    void add_page_header(std::uint32_t continued) {
        const bool is_long = text_.size() % segment_bytes == 0;
        std::string header(is_long ? 40 : 24, '\0');
        put(header, 0, std::uint16_t{0xD110});
        put(header, 2, static_cast<std::uint16_t>((continued > 0 ? 1 : 0) | (is_long ? 2 : 0)));
        put(header, 4, std::uint32_t{1});
        put(header, 8, begin_ + text_.size());
        put(header, 16, continued);
        if (is_long) {
            put(header, 24, std::uint64_t{77});
            put(header, 32, static_cast<std::uint32_t>(segment_bytes));
            put(header, 36, static_cast<std::uint32_t>(page_bytes));
        }
        text_ += header;
    }
    std::uint64_t begin_;
    std::string text_;
};

SegmentScan scan(const std::string& content, std::optional<CarriedRecord> carried = {},
                 std::uint64_t after = 0, std::uint64_t until = UINT64_MAX) {
    const auto header = read_segment_header(content);
    EXPECT_TRUE(header);
    return scan_segment(*header, content, std::move(carried), after, until);
}

TEST(Crc32c, IsCastagnolis) {
    Crc32c crc;
    crc.add("1234");
    crc.add("56789");
    EXPECT_EQ(crc.value(), 0xE3069283U);
}

TEST(LogScan, ReadsTheFirstPage) {
    Log log(5);
    log.commit(1);
    const auto header = read_segment_header(log.segment(0));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->system_id, "77");
    EXPECT_EQ(header->begin, 5 * segment_bytes);
    EXPECT_FALSE(read_segment_header(std::string(segment_bytes, '\0')));
    EXPECT_FALSE(read_segment_header("short"));
}

TEST(LogScan, StopsWhereTheLogEndsAndTellsItsCommits) {
    Log log(5);
    log.add(10, 0, std::string(20000, 'x'));
    const auto first = log.commit(1'700'000'000'000'001);
    log.commit(1'700'000'000'900'000); // Commits are not always in the order of their times.
    const auto last = log.commit(1'700'000'000'500'000);
    const auto content = log.segment(0);
    const auto seen = scan(content);
    EXPECT_EQ(seen.end, last);
    EXPECT_FALSE(seen.whole);
    EXPECT_EQ(seen.stopped, "nothing");
    EXPECT_EQ(seen.records, 4U);
    EXPECT_EQ(seen.first_commit_us, 1'700'000'000'000'001);
    EXPECT_EQ(seen.last_commit_us, 1'700'000'000'900'000);
    EXPECT_EQ(scan(content, {}, first).first_commit_us, 1'700'000'000'900'000);
    EXPECT_EQ(scan(content, {}, 0, first).last_commit_us, 1'700'000'000'000'001);
    EXPECT_FALSE(scan(content, {}, last).first_commit_us);
}

TEST(LogScan, ReadsARecordThatRunsIntoTheNextSegment) {
    Log log(1);
    const auto border = 2 * segment_bytes;
    log.fill_up_to(border);
    log.add(10, 0, std::string(60, 'x')); // So that no commit ends at the border itself.
    std::uint64_t end = 0;
    while (end <= border) { // The last of these ends in the second segment.
        end = log.commit(1'700'000'000'000'000 + static_cast<std::int64_t>(end));
    }
    const auto one = scan(log.segment(0));
    EXPECT_TRUE(one.whole) << one.stopped;
    const auto two = scan(log.segment(1), one.carried);
    EXPECT_EQ(two.end, end);
    const auto alone = scan(log.segment(1));
    EXPECT_EQ(alone.end, end);
    ASSERT_TRUE(one.carried);
    EXPECT_EQ(two.records, 1U);
    EXPECT_TRUE(two.first_commit_us);
    EXPECT_FALSE(alone.first_commit_us) << "of that record only the end is known";
}

TEST(LogScan, ASwitchEndsASegment) {
    Log log(3);
    log.commit(1'700'000'000'000'000);
    log.add(0, 0x40, "");
    log.skip_segment();
    const auto seen = scan(log.segment(0));
    EXPECT_TRUE(seen.whole);
    EXPECT_EQ(seen.end, 4 * segment_bytes);
}

TEST(LogScan, FindsEveryFlippedBit) {
    Log log(1);
    log.add(10, 0, std::string(9000, 'x'));
    log.commit(1'700'000'000'000'000);
    const auto end = log.commit(1'700'000'000'000'001);
    const auto content = log.segment(0);
    ASSERT_EQ(scan(content).end, end);
    for (std::size_t at = 40; at < end - segment_bytes; at += 7) {
        const bool in_page_header = at >= page_bytes && at < page_bytes + 24;
        auto bent = content;
        bent[at] = static_cast<char>(bent[at] ^ 16);
        if (!in_page_header) {
            const auto padding = scan(bent).end == end;
            EXPECT_TRUE(!padding || content[at] == 0) << at;
        }
    }
    auto cut = content;
    cut.resize(page_bytes + 100);
    EXPECT_FALSE(scan(cut).whole);
    EXPECT_FALSE(scan(cut).carried);
}

} // namespace
} // namespace lockstep::postgres
