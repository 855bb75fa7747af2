#include "snapshots/decision/activity.h"

#include <gtest/gtest.h>

#include "tests/unit/snapshots/decision/catalogue_samples.h"

namespace lockstep::snapshots {
namespace {

constexpr std::int64_t half_hour_ms = 30 * minute_ms;
/// The begin of a half hour.
constexpr std::int64_t begin_ms = epoch_ms - epoch_ms % half_hour_ms;

/// Log whose commits lie between the two, in minutes from `begin_ms`.
LogSegment piece(std::uint64_t number, std::int64_t from, std::int64_t to, std::uint64_t bytes) {
    LogSegment segment = logged("1", number, number + 1);
    segment.first_unix_ms = begin_ms + from * minute_ms;
    segment.last_unix_ms = begin_ms + to * minute_ms;
    segment.bytes = bytes;
    return segment;
}

std::vector<std::pair<std::int64_t, std::uint64_t>> seen(const std::vector<LogSegment>& log) {
    std::vector<std::pair<std::int64_t, std::uint64_t>> found;
    for (const auto& sample : write_samples(log)) {
        found.emplace_back((sample.unix_ms - begin_ms) / half_hour_ms, sample.bytes);
    }
    return found;
}

using Seen = std::vector<std::pair<std::int64_t, std::uint64_t>>;

TEST(Activity, SpreadsAPieceOverTheTimeSinceTheOneBefore) {
    // The second has its commits within a minute, after an hour without any: nothing shows when
    // within that hour its bytes were written.
    EXPECT_EQ(seen({piece(1, 0, 30, 1000), piece(2, 89, 90, 600)}),
              (Seen{{0, 1000}, {1, 300}, {2, 300}}));
}

TEST(Activity, CountsNoHalfHourThatItDidNotSeeWhole) {
    EXPECT_EQ(seen({piece(1, 10, 100, 900)}), (Seen{{1, 300}, {2, 300}}));
    EXPECT_EQ(seen({piece(1, 1, 29, 900)}), Seen{});
    EXPECT_EQ(seen({piece(1, 5, 5, 900)}), Seen{});
}

TEST(Activity, TakesAGapForUnknownAndNotForQuiet) {
    EXPECT_EQ(seen({piece(1, 0, 30, 1000), piece(3, 90, 120, 500)}), (Seen{{0, 1000}, {3, 500}}));
    auto other = piece(2, 90, 120, 500);
    other.system_id = "8";
    EXPECT_EQ(seen({piece(1, 0, 30, 1000), other}), (Seen{{0, 1000}, {3, 500}}));
}

TEST(Activity, NeedsNoOrder) {
    EXPECT_EQ(seen({piece(2, 31, 60, 500), piece(1, 0, 30, 1000)}), (Seen{{0, 1000}, {1, 500}}));
    EXPECT_TRUE(write_samples({}).empty());
}

TEST(Activity, CountsALoadWithoutCommitsWithTheCommitThatEndsIt) {
    auto load = piece(2, 0, 0, 70'000);
    load.first_unix_ms = load.last_unix_ms = 0;
    EXPECT_EQ(seen({piece(1, 0, 30, 1000), load, piece(3, 59, 60, 5000)}),
              (Seen{{0, 1000}, {1, 75'000}}));
    EXPECT_EQ(seen({load, piece(1, 0, 30, 1000)}), (Seen{{0, 1000}}));
}

TEST(Activity, AdvisesTheQuietHoursOfTheLogThatIsKept) {
    std::vector<LogSegment> log;
    for (std::int64_t slot = 0; slot < 5 * 48; ++slot) {
        const bool quiet = (begin_ms / half_hour_ms + slot) % 48 == 9; // 04:30 UTC.
        log.push_back(piece(static_cast<std::uint64_t>(slot), slot * 30, slot * 30 + 30,
                            quiet ? 1'800'000 : 180'000'000));
    }
    const auto present = *parse_window("02:00-02:30");
    const auto advice = advise_window(log, utc_zone(), present);
    EXPECT_EQ(advice.present, "02:00-02:30");
    EXPECT_EQ(advice.quietest, "04:30-05:00");
    EXPECT_EQ(advice.time_zone, "UTC");
    EXPECT_EQ(advice.quietest_bytes_per_second, 1000U);
    EXPECT_EQ(advice.present_bytes_per_second, 100000U);
    log.resize(std::size_t{2} * 48);
    const auto unknown = advise_window(log, utc_zone(), present);
    EXPECT_EQ(unknown.quietest, "");
    EXPECT_NE(unknown.why, "");
}

} // namespace
} // namespace lockstep::snapshots
