#include "cli/instant.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <regex>

#include "platform/clock.h"

namespace lockstep::cli {
namespace {

constexpr std::int64_t ms_in_second = 1000;
constexpr std::int64_t seconds_in_minute = 60;

Result<std::int64_t> refuse(const std::string& text, const std::string& why) {
    return fail(Errc::refused, "\"" + text + "\": " + why +
                                   "; wanted is, for example, 2026-11-26T03:45:00Z or "
                                   "2026-11-26 04:45:00+01:00");
}

int number(const std::ssub_match& match) {
    return match.matched ? std::atoi(match.str().c_str()) : 0;
}

/// ".25" → 250
std::int64_t milliseconds_of(const std::ssub_match& match) {
    auto digits = match.matched ? match.str() : std::string();
    digits.resize(3, '0');
    return std::atoi(digits.c_str());
}

std::int64_t offset_seconds(const std::smatch& found) {
    const auto zone = found[8].str();
    if (zone == "Z" || zone == "z") {
        return 0;
    }
    const auto minutes = number(found[9]) * seconds_in_minute + number(found[10]);
    return (zone.front() == '-' ? -minutes : minutes) * seconds_in_minute;
}

} // namespace

Result<std::int64_t> parse_instant(const std::string& text) {
    static const std::regex form(
        R"((\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)"
        R"(\s*(Z|z|[+-](\d\d):?(\d\d))?)");
    std::smatch found;
    if (!std::regex_match(text, found, form)) {
        return refuse(text, "this is no time");
    }
    if (!found[8].matched) {
        return refuse(text, "the time zone is missing (Z for UTC)");
    }
    std::tm parts{};
    parts.tm_year = number(found[1]) - 1900;
    parts.tm_mon = number(found[2]) - 1;
    parts.tm_mday = number(found[3]);
    parts.tm_hour = number(found[4]);
    parts.tm_min = number(found[5]);
    parts.tm_sec = number(found[6]);
    std::tm normal = parts;
    const auto seconds = timegm(&normal);
    if (normal.tm_mon != parts.tm_mon || normal.tm_mday != parts.tm_mday ||
        normal.tm_hour != parts.tm_hour || normal.tm_min != parts.tm_min ||
        normal.tm_sec != parts.tm_sec) {
        return refuse(text, "there is no such time");
    }
    return (seconds - offset_seconds(found)) * ms_in_second + milliseconds_of(found[7]);
}

std::string show_instant(std::int64_t unix_ms) {
    const std::time_t seconds = unix_ms / ms_in_second;
    std::tm local{};
    std::array<char, 64> here{};
    if (localtime_r(&seconds, &local) == nullptr ||
        std::strftime(here.data(), here.size(), "%H:%M:%S %Z", &local) == 0) {
        return format_time(unix_ms);
    }
    return format_time(unix_ms) + " (" + here.data() + " here)";
}

} // namespace lockstep::cli
