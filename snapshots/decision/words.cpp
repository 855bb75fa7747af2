#include "snapshots/decision/words.h"

#include <array>
#include <chrono>
#include <string_view>

namespace lockstep::snapshots {
namespace {

std::string padded(std::int64_t number, std::size_t digits) {
    std::string text = std::to_string(number);
    text.insert(0, text.size() < digits ? digits - text.size() : 0, '0');
    return text;
}

} // namespace

std::string utc(std::int64_t unix_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds{unix_ms}};
    const auto day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss clock{moment - day};
    return padded(static_cast<int>(date.year()), 4) + "-" +
           padded(static_cast<unsigned>(date.month()), 2) + "-" +
           padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(clock.hours().count(), 2) +
           ":" + padded(clock.minutes().count(), 2) + ":" + padded(clock.seconds().count(), 2) +
           "." + padded(clock.subseconds().count(), 3) + "Z";
}

std::string size_in_words(std::uint64_t bytes) {
    if (bytes < 1000) {
        return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    }
    constexpr std::array<std::string_view, 5> units = {"kB", "MB", "GB", "TB", "PB"};
    std::size_t unit = 0;
    std::uint64_t tenths = bytes / 100;
    while (tenths >= 10000 && unit + 1 < units.size()) {
        tenths /= 1000;
        ++unit;
    }
    std::string text = std::to_string(tenths / 10);
    if (tenths < 100 && tenths % 10 != 0) {
        text += "." + std::to_string(tenths % 10);
    }
    return text + " " + std::string(units[unit]);
}

std::string span_in_words(std::int64_t span_ms) {
    struct Unit {
        std::int64_t ms;
        std::string_view name;
    };
    constexpr std::array<Unit, 4> units = {
        {{86'400'000, "day"}, {3'600'000, "hour"}, {60'000, "minute"}, {1000, "second"}}};
    for (const Unit& unit : units) {
        if (span_ms >= unit.ms || unit.ms == 1000) {
            const auto count = span_ms / unit.ms;
            return std::to_string(count) + " " + std::string(unit.name) + (count == 1 ? "" : "s");
        }
    }
    return {};
}

} // namespace lockstep::snapshots
