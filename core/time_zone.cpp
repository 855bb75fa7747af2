#include "core/time_zone.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>

namespace lockstep {
namespace {

constexpr int last_year = 2100;
constexpr std::int32_t day_s = 86'400;

/// Big-endian integers, one after the other; reading past the end yields zeros and is remembered.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    std::string_view take(std::size_t count) {
        if (count > bytes_.size()) {
            good_ = false;
            bytes_ = {};
            return {};
        }
        const auto taken = bytes_.substr(0, count);
        bytes_.remove_prefix(count);
        return taken;
    }
    std::uint64_t number(std::size_t width) {
        std::uint64_t value = 0;
        for (const char byte : take(width)) {
            value = value << 8U | static_cast<unsigned char>(byte);
        }
        return value;
    }
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] std::string_view rest() const { return bytes_; }

private:
    std::string_view bytes_;
    bool good_ = true;
};

struct Header {
    bool valid = false;
    char version = 0;
    std::array<std::size_t, 6> counts{}; // isut, isstd, leap, time, type, char
};

Header read_header(Reader& reader) {
    Header header;
    header.valid = reader.take(4) == "TZif";
    const auto version = reader.take(1);
    header.version = version.empty() ? '\0' : version.front();
    reader.take(15);
    for (std::size_t& count : header.counts) {
        count = static_cast<std::size_t>(reader.number(4));
    }
    header.valid = header.valid && reader.good();
    return header;
}

std::size_t block_size(const Header& header, std::size_t time_size) {
    const auto& [isut, isstd, leap, time, type, characters] = header.counts;
    return time * time_size + time + type * 6 + characters + leap * (time_size + 4) + isstd + isut;
}

// The rule at the end: a POSIX TZ string (POSIX.1-2017, 8.3), with RFC 8536's hours up to 167.

struct RuleDate {
    unsigned month = 0;
    unsigned week = 0; // 5: the last one.
    unsigned weekday = 0;
    std::int32_t second = 7200;
};
struct Rule {
    std::int32_t standard_s = 0;
    bool summer = false;
    std::int32_t summer_s = 0;
    RuleDate begin, end;
};

class RuleReader {
public:
    explicit RuleReader(std::string_view text) : text_(text) {}

    std::optional<Rule> read() {
        Rule rule;
        if (!name() || !clock(rule.standard_s)) {
            return std::nullopt;
        }
        rule.standard_s = -rule.standard_s;
        if (text_.empty()) {
            return rule;
        }
        rule.summer = true;
        rule.summer_s = rule.standard_s + 3600;
        if (!name()) {
            return std::nullopt;
        }
        if (!text_.starts_with(',')) {
            if (!clock(rule.summer_s)) {
                return std::nullopt;
            }
            rule.summer_s = -rule.summer_s;
        }
        const bool good = date(rule.begin) && date(rule.end) && text_.empty();
        return good ? std::optional(rule) : std::nullopt;
    }

private:
    bool skip(char wanted) {
        if (!text_.starts_with(wanted)) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }
    bool name() {
        std::size_t length = 0;
        if (skip('<')) {
            length = text_.find('>');
            if (length == std::string_view::npos) {
                return false;
            }
            text_.remove_prefix(length + 1);
            return length > 0;
        }
        const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
        while (length < text_.size() && letter(text_[length])) {
            ++length;
        }
        text_.remove_prefix(length);
        return length > 0;
    }
    bool digits(unsigned& value) {
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc{}) {
            return false;
        }
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return value < 1000;
    }
    bool clock(std::int32_t& seconds) {
        const bool negative = skip('-');
        if (!negative) {
            skip('+');
        }
        seconds = 0;
        for (const std::int32_t unit : {3600, 60, 1}) {
            unsigned value = 0;
            if (!digits(value)) {
                return false;
            }
            seconds += static_cast<std::int32_t>(value) * unit;
            if (!skip(':')) {
                break;
            }
        }
        seconds = negative ? -seconds : seconds;
        return true;
    }
    bool date(RuleDate& date) {
        const bool good = skip(',') && skip('M') && digits(date.month) && skip('.') &&
                          digits(date.week) && skip('.') && digits(date.weekday) &&
                          date.month >= 1 && date.month <= 12 && date.week >= 1 && date.week <= 5 &&
                          date.weekday <= 6;
        return good && (!skip('/') || clock(date.second));
    }
    std::string_view text_;
};

std::int64_t local_second(const RuleDate& date, int year) {
    using namespace std::chrono;
    const auto month = std::chrono::year{year} / std::chrono::month{date.month};
    const weekday day{date.weekday};
    const sys_days found =
        date.week == 5 ? sys_days(month / day[last]) : sys_days(month / day[date.week]);
    return std::int64_t{found.time_since_epoch().count()} * day_s + date.second;
}

void write_out(const Rule& rule, TimeZone& zone) {
    const std::int64_t known = zone.changes.empty() ? 0 : zone.changes.back().from_unix_s;
    if (!rule.summer) {
        return;
    }
    for (int year = 1970; year <= last_year; ++year) {
        std::array<TimeZone::Change, 2> both = {
            {{local_second(rule.begin, year) - rule.standard_s, rule.summer_s},
             {local_second(rule.end, year) - rule.summer_s, rule.standard_s}}};
        std::ranges::sort(both, {}, &TimeZone::Change::from_unix_s);
        for (const auto& change : both) {
            if (change.from_unix_s > known) {
                zone.changes.push_back(change);
            }
        }
    }
}

tl::unexpected<Error> unreadable(const std::string& name, const std::string& what) {
    return fail(Errc::corrupt, "time zone " + name + ": " + what);
}

} // namespace

Result<TimeZone> parse_time_zone(std::string name, std::string_view bytes) {
    Reader reader(bytes);
    const Header old = read_header(reader);
    if (!old.valid || old.version < '2') {
        return unreadable(name, "this is no compiled zone of version 2 or later");
    }
    reader.take(block_size(old, 4));
    const Header header = read_header(reader);
    const auto times = header.counts[3];
    const auto types = header.counts[4];
    if (!header.valid || types == 0 || block_size(header, 8) > reader.rest().size()) {
        return unreadable(name, "it is cut off");
    }
    TimeZone zone;
    zone.changes.resize(times);
    for (auto& change : zone.changes) {
        change.from_unix_s = static_cast<std::int64_t>(reader.number(8));
    }
    const auto type_of = reader.take(times);
    std::vector<std::int32_t> offsets;
    for (std::size_t i = 0; i < types; ++i) {
        offsets.push_back(static_cast<std::int32_t>(reader.number(4)));
        reader.take(2);
    }
    for (std::size_t i = 0; i < times; ++i) {
        const auto type = static_cast<unsigned char>(type_of[i]);
        if (type >= types) {
            return unreadable(name, "it names an offset that it does not have");
        }
        zone.changes[i].offset_s = offsets[type];
    }
    if (!std::ranges::is_sorted(zone.changes, {}, &TimeZone::Change::from_unix_s)) {
        return unreadable(name, "its changes are not in order");
    }
    zone.first_offset_s = offsets.front();
    reader.take(header.counts[5] + header.counts[2] * 12 + header.counts[1] + header.counts[0]);
    std::string_view footer = reader.rest();
    if (!footer.starts_with('\n') || !footer.ends_with('\n') || footer.size() < 2) {
        return unreadable(name, "the rule at its end is missing");
    }
    footer = footer.substr(1, footer.size() - 2);
    if (!footer.empty()) {
        const auto rule = RuleReader(footer).read();
        if (!rule) {
            return unreadable(name, "the rule at its end is of an unknown form: " +
                                        std::string(footer.substr(0, 100)));
        }
        write_out(*rule, zone);
    }
    zone.name = std::move(name);
    return zone;
}

std::int32_t offset_at(const TimeZone& zone, std::int64_t unix_s) {
    const auto after =
        std::ranges::upper_bound(zone.changes, unix_s, {}, &TimeZone::Change::from_unix_s);
    return after == zone.changes.begin() ? zone.first_offset_s : std::prev(after)->offset_s;
}

std::int64_t first_instant(const TimeZone& zone, std::int64_t local_s) {
    // No offset is larger than a day (RFC 8536, 3.2: about 26 hours at most), so what can hold lies
    // among those of two days.
    constexpr std::int64_t widest_s = 2 * std::int64_t{day_s};
    std::set<std::int32_t> offsets = {offset_at(zone, local_s - widest_s)};
    auto change = std::ranges::upper_bound(zone.changes, local_s - widest_s, {},
                                           &TimeZone::Change::from_unix_s);
    const auto first_change = change;
    for (; change != zone.changes.end() && change->from_unix_s <= local_s + widest_s; ++change) {
        offsets.insert(change->offset_s);
    }
    for (auto offset = offsets.rbegin(); offset != offsets.rend(); ++offset) {
        const std::int64_t instant = local_s - *offset; // The largest offset is the earliest.
        if (offset_at(zone, instant) == *offset) {
            return instant;
        }
    }
    for (change = first_change; change != zone.changes.end(); ++change) {
        if (change->from_unix_s + change->offset_s > local_s) {
            return change->from_unix_s;
        }
    }
    return local_s - zone.first_offset_s;
}

} // namespace lockstep
