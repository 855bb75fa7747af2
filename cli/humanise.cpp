#include "cli/humanise.h"

#include <array>
#include <cstdio>

namespace lockstep::cli {
namespace {

std::string with_one_digit(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

std::string two_units(std::int64_t large, const char* large_unit, std::int64_t small,
                      const char* small_unit) {
    auto text = std::to_string(large) + large_unit;
    if (small > 0) {
        text += " " + std::to_string(small) + small_unit;
    }
    return text;
}

} // namespace

std::string show_bytes(std::uint64_t bytes) {
    constexpr std::array units = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
    constexpr double step = 1024.0;
    // Up to this one digit after the point is worth its place.
    constexpr double small = 9.95;
    if (bytes < 1024) {
        return std::to_string(bytes) + units[0];
    }
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= step - 0.5 && unit + 1 < units.size()) {
        value /= step;
        ++unit;
    }
    if (value < small) {
        return with_one_digit(value) + units[unit];
    }
    return std::to_string(static_cast<std::uint64_t>(value + 0.5)) + units[unit];
}

std::string show_span(std::chrono::milliseconds span) {
    constexpr std::int64_t minute = 60;
    constexpr std::int64_t hour = 60 * minute;
    constexpr std::int64_t day = 24 * hour;
    constexpr std::int64_t with_tenths_ms = 9950;
    if (span.count() < with_tenths_ms) {
        return with_one_digit(static_cast<double>(span.count()) / 1000.0) + " s";
    }
    const auto seconds = (span.count() + 500) / 1000;
    if (seconds < minute) {
        return std::to_string(seconds) + " s";
    }
    if (seconds < hour) {
        return two_units(seconds / minute, " min", seconds % minute, " s");
    }
    if (seconds < day) {
        return two_units(seconds / hour, " h", seconds % hour / minute, " min");
    }
    return two_units(seconds / day, " d", seconds % day / hour, " h");
}

std::string show_list(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) {
            out += i + 1 == words.size() ? " and " : ", ";
        }
        out += words[i];
    }
    return out;
}

} // namespace lockstep::cli
