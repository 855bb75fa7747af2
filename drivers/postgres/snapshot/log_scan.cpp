#include "drivers/postgres/snapshot/log_scan.h"

#include <algorithm>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/lsn.h"
#include "drivers/postgres/snapshot/crc32c.h"

namespace lockstep::postgres {
namespace {

constexpr std::size_t page_header_bytes = 24;
constexpr std::size_t long_header_bytes = 40; // Of a segment's first page.
constexpr std::size_t record_header_bytes = 24;
constexpr std::size_t checksum_at = 20; // In a record's header, and the last of it.
constexpr std::uint64_t largest_record_bytes = 1020U << 20U;
constexpr std::int64_t epoch_us = 946'684'800'000'000; // 2000-01-01, from 1970.

constexpr std::uint16_t continues_a_record = 1;
constexpr std::uint16_t has_long_header = 2;
constexpr std::uint16_t overwrites_a_record = 8;

constexpr std::uint8_t log_manager = 0;
constexpr std::uint8_t transaction_manager = 1;
constexpr std::uint8_t segment_switch = 0x40;
constexpr std::uint8_t commit = 0x00;
constexpr std::uint8_t commit_prepared = 0x30;

template <class Number> Number number_at(std::string_view bytes, std::size_t at) {
    Number number{};
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

bool has_good_checksum(std::string_view record) {
    Crc32c crc;
    crc.add(record.substr(record_header_bytes));
    crc.add(record.substr(0, checksum_at));
    return crc.value() == number_at<std::uint32_t>(record, checksum_at);
}

/// Where a transaction's end keeps its data: after the few headers that such a record can have.
std::optional<std::size_t> main_data_at(std::string_view record) {
    std::size_t at = record_header_bytes;
    while (at + 2 <= record.size()) {
        switch (static_cast<unsigned char>(record[at])) {
        case 255: return at + 2;  // One byte of length.
        case 254: return at + 5;  // Four.
        case 253: at += 3; break; // The replication origin.
        case 252: at += 5; break; // The transaction that it belongs to.
        default: return std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> commit_time(std::string_view record) {
    const auto info = static_cast<std::uint8_t>(record[16]);
    const auto what = static_cast<std::uint8_t>(info & 0x70U);
    if (static_cast<std::uint8_t>(record[17]) != transaction_manager ||
        (what != commit && what != commit_prepared)) {
        return std::nullopt;
    }
    const auto at = main_data_at(record);
    if (!at || *at + sizeof(std::int64_t) > record.size()) {
        return std::nullopt;
    }
    return epoch_us + number_at<std::int64_t>(record, *at);
}

bool is_segment_switch(std::string_view record) {
    return static_cast<std::uint8_t>(record[17]) == log_manager &&
           (static_cast<std::uint8_t>(record[16]) & 0xF0U) == segment_switch;
}

/// Goes through a segment's pages.
class Pages {
public:
    Pages(const SegmentHeader& header, std::string_view content)
        : header_(header), content_(content) {}

    [[nodiscard]] std::uint64_t place() const { return header_.begin + at_; }
    [[nodiscard]] bool over() const { return at_ >= content_.size(); }
    /// Of the page where it is.
    [[nodiscard]] std::uint16_t flags() const { return number_at<std::uint16_t>(page(), 2); }
    [[nodiscard]] std::size_t continued_bytes() const {
        return number_at<std::uint32_t>(page(), 16);
    }

    /// Steps over a page's header, if it is before one. False: there should be one, and is none.
    bool enter_page() {
        if (over() || at_ % header_.page_bytes != 0) {
            return true;
        }
        const bool good =
            content_.size() - at_ >= header_.page_bytes &&
            number_at<std::uint16_t>(page(), 0) == number_at<std::uint16_t>(content_, 0) &&
            number_at<std::uint64_t>(page(), 8) == place();
        if (good) {
            at_ += (flags() & has_long_header) != 0 ? long_header_bytes : page_header_bytes;
        }
        return good;
    }
    /// What is left of the page, at most `most`, and steps over it.
    std::string_view take(std::size_t most) {
        const auto room = header_.page_bytes - at_ % header_.page_bytes;
        const auto piece =
            content_.substr(at_, static_cast<std::size_t>(std::min<std::uint64_t>(most, room)));
        at_ += piece.size();
        return piece;
    }
    [[nodiscard]] std::uint32_t peek_length() const {
        return number_at<std::uint32_t>(content_, at_);
    }
    void align() { at_ += (8 - at_ % 8) % 8; }
    void go_to_end() { at_ = content_.size(); }

private:
    [[nodiscard]] std::string_view page() const {
        return content_.substr(at_ - at_ % header_.page_bytes, header_.page_bytes);
    }
    const SegmentHeader& header_;
    std::string_view content_;
    std::size_t at_ = 0;
};

class Scan {
public:
    Scan(const SegmentHeader& header, std::string_view content, std::uint64_t after,
         std::uint64_t until)
        : pages_(header, content), after_(after), until_(until),
          segment_end_(header.begin + header.segment_bytes) {
        result_.end = header.begin;
    }

    SegmentScan run(std::optional<CarriedRecord> carried) {
        if (!pages_.enter_page() || !finish_carried(std::move(carried))) {
            return stop("its first page is none");
        }
        while (!result_.whole && !result_.carried && result_.stopped.empty()) {
            next_record();
        }
        return std::move(result_);
    }

private:
    SegmentScan stop(std::string why) {
        result_.stopped = std::move(why);
        return std::move(result_);
    }

    /// The rest of a record that began in the segment before.
    bool finish_carried(std::optional<CarriedRecord> carried) {
        if ((pages_.flags() & continues_a_record) == 0) {
            return true; // It was given up at a crash, if there was one.
        }
        auto rest = pages_.continued_bytes();
        const bool known = carried && carried->resumes_at == result_.end;
        std::string record = known ? std::move(carried->bytes) : std::string();
        while (rest > 0 && !pages_.over()) {
            if (!pages_.enter_page()) {
                return false;
            }
            const auto piece = pages_.take(rest);
            rest -= piece.size();
            if (known) {
                record += piece;
            }
        }
        if (rest > 0) { // Longer than a whole segment.
            carry(std::move(record));
            return true;
        }
        pages_.align();
        if (!known) {
            result_.end = pages_.place();
            return true;
        }
        if (!is_whole(record)) {
            return false;
        }
        count(record);
        return true;
    }

    static bool is_whole(std::string_view record) {
        return record.size() >= record_header_bytes &&
               record.size() == number_at<std::uint32_t>(record, 0) && has_good_checksum(record);
    }

    void next_record() {
        if (pages_.over()) {
            finish_segment();
            return;
        }
        if (!pages_.enter_page()) {
            result_.stopped = "no page of the log";
            return;
        }
        const auto length = pages_.peek_length();
        if (length == 0) {
            result_.stopped = "nothing";
            return;
        }
        if (length < record_header_bytes || length > largest_record_bytes) {
            result_.stopped = "no record";
            return;
        }
        gather(length);
    }

    void gather(std::size_t length) {
        auto record = pages_.take(length);
        if (record.size() < length) {
            gathered_.assign(record);
            while (gathered_.size() < length) {
                if (pages_.over()) {
                    carry(gathered_);
                    return;
                }
                if (!pages_.enter_page()) {
                    result_.stopped = "a record that is cut off";
                    return;
                }
                if ((pages_.flags() & overwrites_a_record) != 0) {
                    return; // It was given up at a crash, and what follows begins here.
                }
                gathered_ += pages_.take(length - gathered_.size());
            }
            record = gathered_;
        }
        if (!is_whole(record)) {
            result_.stopped = "a record whose checksum differs";
            return;
        }
        pages_.align();
        const bool switches = is_segment_switch(record);
        count(record);
        if (switches) {
            pages_.go_to_end();
        }
    }

    void count(std::string_view record) {
        ++result_.records;
        result_.end = pages_.place();
        const auto time = commit_time(record);
        if (!time || result_.end <= after_ || result_.end > until_) {
            return;
        }
        result_.first_commit_us = result_.first_commit_us.value_or(*time);
        result_.last_commit_us = std::max(result_.last_commit_us.value_or(*time), *time);
    }

    /// The record ends in the next segment; so this one's last whole record does not end with it.
    void carry(std::string record) {
        if (pages_.place() == segment_end_) {
            result_.whole = true;
            result_.carried = CarriedRecord{std::move(record), segment_end_};
        } else {
            result_.stopped = "the end of the file";
        }
    }

    void finish_segment() {
        result_.whole = pages_.place() == segment_end_;
        if (result_.whole) {
            result_.end = segment_end_;
        } else {
            result_.stopped = "the end of the file";
        }
    }

    Pages pages_;
    std::uint64_t after_;
    std::uint64_t until_;
    std::uint64_t segment_end_;
    std::string gathered_;
    SegmentScan result_;
};

} // namespace

Result<SegmentHeader> read_segment_header(std::string_view content) {
    if (content.size() < long_header_bytes ||
        (number_at<std::uint16_t>(content, 2) & has_long_header) == 0) {
        return fail(Errc::corrupt, "it does not begin with a segment's first page");
    }
    SegmentHeader header;
    header.begin = number_at<std::uint64_t>(content, 8);
    header.system_id = std::to_string(number_at<std::uint64_t>(content, 24));
    header.segment_bytes = number_at<std::uint32_t>(content, 32);
    header.page_bytes = number_at<std::uint32_t>(content, 36);
    const auto is_power_of_two = [](std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; };
    if (!is_power_of_two(header.segment_bytes) || !is_power_of_two(header.page_bytes) ||
        header.page_bytes < 1024 || header.segment_bytes < (1U << 20U) ||
        header.begin % header.segment_bytes != 0 || content.size() > header.segment_bytes) {
        return fail(Errc::corrupt, "its first page makes no sense");
    }
    return header;
}

SegmentScan scan_segment(const SegmentHeader& header, std::string_view content,
                         std::optional<CarriedRecord> carried, std::uint64_t after,
                         std::uint64_t until) {
    return Scan(header, content, after, until).run(std::move(carried));
}

} // namespace lockstep::postgres
