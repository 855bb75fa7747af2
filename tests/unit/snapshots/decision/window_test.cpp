#include "snapshots/decision/window.h"

#include <chrono>

#include <gtest/gtest.h>

#include "platform/time_zone.h"
#include "snapshots/decision/words.h"

namespace lockstep::snapshots {
namespace {

constexpr std::int64_t minute = 60;

TimeZone zone_of(const std::string& name) {
    auto zone = load_time_zone(name);
    EXPECT_TRUE(zone.has_value()) << (zone ? "" : zone.error().message);
    return zone ? *zone : utc_zone();
}

BackupWindow window_of(const std::string& text) {
    const auto window = parse_window(text);
    EXPECT_TRUE(window.has_value()) << text;
    return window.value_or(BackupWindow{});
}

std::int64_t at(int year, int month, int day, int hour, int minutes = 0) {
    const std::chrono::sys_days date = std::chrono::year{year} / month / day;
    return (std::int64_t{date.time_since_epoch().count()} * 86'400 + hour * 3600 + minutes * 60) *
           1000;
}

std::string openings(const std::string& zone, const std::string& window, std::int64_t now) {
    const TimeZone place = zone_of(zone);
    const Opening next = next_opening(window_of(window), place, now);
    return utc(next.from_unix_ms) + " " + utc(next.to_unix_ms);
}

TEST(Window, IsReadAndPrinted) {
    EXPECT_EQ(window_of("03:00-04:30"), (BackupWindow{180, 90}));
    EXPECT_EQ(window_of("23:50-00:20"), (BackupWindow{1430, 30}));
    EXPECT_EQ(in_words(window_of("23:50-00:20")), "23:50-00:20");
    for (const char* bad : {"", "03:00", "3:00-04:00", "03:00-03:29", "03:00-03:00", "24:00-01:00",
                            "03:60-05:00", "03:00-04:00 ", "03:00/04:00", "aa:bb-cc:dd"}) {
        EXPECT_FALSE(parse_window(bad).has_value()) << bad;
    }
}

TEST(Window, RDS_M1_GoesOverMidnightAndWithTheClocks) {
    const auto winter = at(2026, 1, 10, 12);
    EXPECT_EQ(openings("Europe/Berlin", "23:50-00:20", winter),
              "2026-01-10T22:50:00.000Z 2026-01-10T23:20:00.000Z");
    EXPECT_EQ(openings("Europe/Berlin", "23:50-00:20", at(2026, 7, 10, 12)),
              "2026-07-10T21:50:00.000Z 2026-07-10T22:20:00.000Z");
    // 02:00 to 03:00 does not exist: it begins at the jump, as long as ever.
    EXPECT_EQ(openings("Europe/Berlin", "02:30-03:00", at(2026, 3, 28, 12)),
              "2026-03-29T01:00:00.000Z 2026-03-29T01:30:00.000Z");
    // 02:00 to 03:00 comes twice: once is enough.
    EXPECT_EQ(openings("Europe/Berlin", "02:30-03:00", at(2026, 10, 24, 12)),
              "2026-10-25T00:30:00.000Z 2026-10-25T01:00:00.000Z");
    EXPECT_EQ(openings("Europe/Berlin", "02:30-03:00", at(2026, 10, 25, 0, 30)),
              "2026-10-26T01:30:00.000Z 2026-10-26T02:00:00.000Z");
    EXPECT_EQ(openings("Asia/Kolkata", "00:00-01:00", winter),
              "2026-01-10T18:30:00.000Z 2026-01-10T19:30:00.000Z");
}

/// The wall clock, minute by minute: the first minute of each local day that shows the begin or,
/// if none does, a later one.
std::vector<std::int64_t> begins_by_looking(const TimeZone& zone, int begin_minutes,
                                            std::int64_t from_s, std::int64_t to_s) {
    std::vector<std::int64_t> begins;
    std::int64_t begun_day = -1;
    bool first = true;
    for (std::int64_t now = from_s; now < to_s; now += minute) {
        const std::int64_t local = now + offset_at(zone, now);
        const std::int64_t day = local / 86'400;
        if (day <= begun_day || local % 86'400 < begin_minutes * minute) {
            continue;
        }
        begun_day = day;
        if (!first) {
            begins.push_back(now);
        }
        first = false; // That one may have begun before we looked.
    }
    return begins;
}

TEST(Window, RDS_M1_OpensAsALookAtTheWallClockSays) {
    for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC",
                             "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo"}) {
        const TimeZone zone = zone_of(name);
        for (const int begin : {0, 1, 90, 120, 150, 179, 180, 1410, 1439}) {
            const BackupWindow window{begin, 45};
            const std::int64_t from = at(2026, 3, 1, 0) / 1000;
            std::int64_t now = from * 1000;
            const auto begins = begins_by_looking(zone, begin, from, from + 270 * 86'400);
            ASSERT_GT(begins.size(), 265U);
            now = begins.front() * 1000 - 1;
            for (const std::int64_t wanted : begins) {
                const Opening next = next_opening(window, zone, now);
                ASSERT_EQ(next.from_unix_ms, wanted * 1000)
                    << name << " " << begin << ": " << utc(next.from_unix_ms);
                ASSERT_EQ(last_opening(window, zone, next.from_unix_ms), next);
                ASSERT_NE(last_opening(window, zone, next.from_unix_ms - 1), next);
                now = next.from_unix_ms;
            }
        }
    }
}

std::vector<WriteSample> two_weeks(const std::vector<std::uint64_t>& by_hour) {
    std::vector<WriteSample> samples;
    const std::int64_t begin = at(2026, 1, 5, 0);
    for (int slot = 0; slot < 14 * 48; ++slot) {
        samples.push_back({begin + std::int64_t{slot} * 1'800'000,
                           by_hour[static_cast<std::size_t>(slot / 2 % 24)]});
    }
    return samples;
}

TEST(Window, TheQuietestIsProposedFromWhatIsWritten) {
    std::vector<std::uint64_t> by_hour(24, 180'000'000);
    by_hour[4] = 18'000'000;
    const auto present = window_of("03:00-03:30");
    const auto proposal = propose_window(two_weeks(by_hour), utc_zone(), present);
    ASSERT_TRUE(proposal.has_value());
    EXPECT_EQ(in_words(proposal->window), "04:00-04:30");
    EXPECT_EQ(proposal->why, "04:00-04:30: 10 kB are written a second on average, against 100 kB "
                             "in 03:00-03:30");
    // In Berlin the same hour is an hour later on the wall.
    const auto berlin = propose_window(two_weeks(by_hour), zone_of("Europe/Berlin"), present);
    EXPECT_EQ(in_words(berlin->window), "05:00-05:30");
}

TEST(Window, ThePresentOneStaysUnlessAnotherIsClearlyQuieter) {
    std::vector<std::uint64_t> by_hour(24, 180'000'000);
    by_hour[4] = 170'000'000;
    const auto present = window_of("03:00-03:30");
    EXPECT_EQ(propose_window(two_weeks(by_hour), utc_zone(), present)->window, present);
    auto few = two_weeks(by_hour);
    few.resize(2 * 48);
    EXPECT_FALSE(propose_window(few, utc_zone(), present).has_value());
}

TEST(TimeZone, SaysWhichNameIsWrong) {
    for (const char* bad : {"", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe"}) {
        const auto zone = load_time_zone(bad);
        ASSERT_FALSE(zone.has_value()) << bad;
        EXPECT_NE(zone.error().message.find("\"" + std::string(bad) + "\""), std::string::npos);
    }
    EXPECT_EQ(parse_time_zone("x", "TZif2").error().code, Errc::corrupt);
    EXPECT_EQ(parse_time_zone("x", "").error().code, Errc::corrupt);
}

TEST(TimeZone, GoesOnByTheRuleAtTheEndOfTheFile) {
    const TimeZone berlin = zone_of("Europe/Berlin");
    EXPECT_EQ(offset_at(berlin, at(2085, 1, 10, 12) / 1000), 3600);
    EXPECT_EQ(offset_at(berlin, at(2085, 7, 10, 12) / 1000), 7200);
    EXPECT_EQ(offset_at(zone_of("America/New_York"), at(2085, 7, 10, 12) / 1000), -4 * 3600);
    EXPECT_EQ(offset_at(zone_of("Asia/Kolkata"), at(2085, 7, 10, 12) / 1000), 19'800);
}

TEST(Words, SayTimesSizesAndSpans) {
    EXPECT_EQ(utc(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(utc(1'795'664'700'250), "2026-11-26T03:45:00.250Z");
    EXPECT_EQ(size_in_words(1), "1 byte");
    EXPECT_EQ(size_in_words(999), "999 bytes");
    EXPECT_EQ(size_in_words(1000), "1 kB");
    EXPECT_EQ(size_in_words(1'550'000'000), "1.5 GB");
    EXPECT_EQ(size_in_words(15'500'000'000), "15 GB");
    EXPECT_EQ(span_in_words(86'400'000), "1 day");
    EXPECT_EQ(span_in_words(7'300'000), "2 hours");
    EXPECT_EQ(span_in_words(0), "0 seconds");
}

} // namespace
} // namespace lockstep::snapshots
