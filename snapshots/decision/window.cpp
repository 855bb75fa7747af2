#include "snapshots/decision/window.h"

#include <array>

#include "snapshots/decision/words.h"

namespace lockstep::snapshots {
namespace {

constexpr int day_minutes = 24 * 60;
constexpr int least_minutes = 30;
constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t second_ms = 1000;

std::optional<int> minutes_of(std::string_view text) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
        return std::nullopt;
    }
    const int hours = (text[0] - '0') * 10 + (text[1] - '0');
    const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
    return hours < 24 && minutes < 60 ? std::optional(hours * 60 + minutes) : std::nullopt;
}

std::string clock_of(int minutes) {
    const auto two = [](int number) { return std::to_string(100 + number).substr(1); };
    return two(minutes / 60) + ":" + two(minutes % 60);
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

std::int64_t local_day(const TimeZone& zone, std::int64_t unix_ms) {
    const std::int64_t unix_s = floor_div(unix_ms, second_ms);
    return floor_div(unix_s + offset_at(zone, unix_s), day_s);
}

Opening opening_on(const BackupWindow& window, const TimeZone& zone, std::int64_t day) {
    const std::int64_t from =
        first_instant(zone, day * day_s + std::int64_t{window.begin_minutes} * 60) * second_ms;
    return {from, from + std::int64_t{window.length_minutes} * 60 * second_ms};
}

} // namespace

Result<BackupWindow> parse_window(std::string_view text) {
    const auto refused = [&](const std::string& why) {
        return fail(Errc::refused, "backup window \"" + std::string(text) + "\": " + why);
    };
    if (text.size() != 11 || text[5] != '-') {
        return refused("write it like 03:00-04:30");
    }
    const auto begin = minutes_of(text.substr(0, 5));
    const auto end = minutes_of(text.substr(6));
    if (!begin || !end) {
        return refused("write it like 03:00-04:30, from 00:00 to 23:59");
    }
    const int length = (*end - *begin + day_minutes) % day_minutes;
    if (length < least_minutes) {
        return refused("it must be at least 30 minutes long and shorter than a day");
    }
    return BackupWindow{*begin, length};
}

std::string in_words(const BackupWindow& window) {
    return clock_of(window.begin_minutes) + "-" +
           clock_of((window.begin_minutes + window.length_minutes) % day_minutes);
}

Opening last_opening(const BackupWindow& window, const TimeZone& zone, std::int64_t now_unix_ms) {
    for (std::int64_t day = local_day(zone, now_unix_ms) + 1;; --day) {
        const Opening opening = opening_on(window, zone, day);
        if (opening.from_unix_ms <= now_unix_ms) {
            return opening;
        }
    }
}

Opening next_opening(const BackupWindow& window, const TimeZone& zone, std::int64_t now_unix_ms) {
    for (std::int64_t day = local_day(zone, now_unix_ms) - 1;; ++day) {
        const Opening opening = opening_on(window, zone, day);
        if (opening.from_unix_ms > now_unix_ms) {
            return opening;
        }
    }
}

namespace {

constexpr std::size_t slots = 48;
constexpr std::int64_t slot_s = 1800;
constexpr std::uint64_t least_seen = 3;

struct Slot {
    std::uint64_t bytes = 0;
    std::uint64_t seen = 0;
};
using Day = std::array<Slot, slots>;

Day day_of(const std::vector<WriteSample>& samples, const TimeZone& zone) {
    Day day{};
    for (const WriteSample& sample : samples) {
        const std::int64_t unix_s = floor_div(sample.unix_ms, second_ms);
        const std::int64_t local = unix_s + offset_at(zone, unix_s);
        const auto slot =
            static_cast<std::size_t>((local - floor_div(local, day_s) * day_s) / slot_s);
        day[slot].bytes += sample.bytes;
        day[slot].seen += 1;
    }
    return day;
}

/// On average; of a slot that the window takes a part of, that part.
std::uint64_t bytes_per_second(const Day& day, const BackupWindow& window) {
    std::uint64_t sum = 0;
    for (int minute = 0; minute < window.length_minutes; ++minute) {
        const int at = (window.begin_minutes + minute) % day_minutes;
        const Slot& slot = day[static_cast<std::size_t>(at) / 30];
        sum += slot.bytes / slot.seen / 30;
    }
    return sum / static_cast<std::uint64_t>(window.length_minutes) / 60;
}

} // namespace

std::optional<WindowProposal> propose_window(const std::vector<WriteSample>& samples,
                                             const TimeZone& zone, const BackupWindow& present) {
    const Day day = day_of(samples, zone);
    for (const Slot& slot : day) {
        if (slot.seen < least_seen) {
            return std::nullopt;
        }
    }
    WindowProposal best;
    best.window = present;
    best.present_bytes_per_second = bytes_per_second(day, present);
    best.bytes_per_second = best.present_bytes_per_second;
    for (int begin = 0; begin < day_minutes; begin += 30) {
        const BackupWindow window{begin, present.length_minutes};
        const std::uint64_t written = bytes_per_second(day, window);
        if (written < best.bytes_per_second && written * 10 <= best.present_bytes_per_second * 9) {
            best.window = window;
            best.bytes_per_second = written;
        }
    }
    best.why = in_words(best.window) + ": " + size_in_words(best.bytes_per_second) +
               " are written a second on average";
    if (best.window == present) {
        best.why += "; no other time is at least a tenth quieter";
    } else {
        best.why += ", against " + size_in_words(best.present_bytes_per_second) + " in " +
                    in_words(present);
    }
    return best;
}

} // namespace lockstep::snapshots
