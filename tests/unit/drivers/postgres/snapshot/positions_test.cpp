#include <gtest/gtest.h>

#include "drivers/postgres/snapshot/postgres_snapshots.h"

namespace lockstep::postgres {
namespace {

constexpr std::uint64_t segment = 16U << 20U;
const Descent third{{{1, 5 * segment + 100}, {2, 7 * segment}}, 3};

TEST(Forks, TellWhereEachHistoryLeftItsParent) {
    const auto forks = forks_of(third);
    ASSERT_EQ(forks.size(), 3U);
    EXPECT_EQ(forks[0].history.text, "1");
    EXPECT_FALSE(forks[0].parent.known());
    EXPECT_EQ(forks[1].history.text, "1@0/5000064 2");
    EXPECT_EQ(forks[1].parent, forks[0].history);
    EXPECT_EQ(forks[1].fork, 5 * segment + 100);
    EXPECT_EQ(forks[2].history, to_history(third));
    EXPECT_EQ(forks[2].parent, forks[1].history);
    EXPECT_EQ(forks_of(Descent{{}, 1}).size(), 1U);
}

TEST(FirstSegment, IsThePresentOneWithoutAnyBefore) {
    const auto start = first_segment(third, 9 * segment + 5, segment, {});
    ASSERT_TRUE(start);
    EXPECT_EQ(start->timeline, 3U);
    EXPECT_EQ(start->number, 9U);
}

TEST(FirstSegment, FollowsWhatWasReceivedOnWhicheverHistoryItWas) {
    const auto position = 9 * segment;
    const auto after = [&](const char* history, std::uint64_t offset) {
        return first_segment(third, position, segment, {{history}, offset});
    };
    EXPECT_EQ(after("1", 3 * segment)->timeline, 1U);
    EXPECT_EQ(after("1", 3 * segment)->number, 3U);
    // All of the first history: the second begins in the segment of the fork.
    EXPECT_EQ(after("1", 5 * segment + 100)->timeline, 2U);
    EXPECT_EQ(after("1", 5 * segment + 100)->number, 5U);
    EXPECT_EQ(after("1@0/5000064 2", 7 * segment)->timeline, 3U);
    EXPECT_EQ(after("1@0/5000064 2@0/7000000 3", 8 * segment)->number, 8U);
    // Past the fork, of a history that is not the server's, and further than the server is.
    EXPECT_EQ(after("1", 6 * segment).error().code, Errc::refused);
    EXPECT_EQ(after("1@0/4000000 2", 7 * segment).error().code, Errc::refused);
    EXPECT_EQ(after("4", segment).error().code, Errc::refused);
    EXPECT_EQ(after("nonsense", segment).error().code, Errc::corrupt);
    EXPECT_EQ(after("1@0/5000064 2@0/7000000 3", 9 * segment + 1).error().code, Errc::unreachable);
}

TEST(Describe, TellsBeginAndEndByTheHistoryThatEachWasOn) {
    BackupManifest manifest;
    manifest.files["a"] = {100, 0};
    manifest.files["b"] = {20, 0};
    manifest.ranges = {{1, 4 * segment, 5 * segment + 100}, {2, 5 * segment + 100, 6 * segment}};
    const auto snapshot = describe(manifest, third);
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->begin.history.text, "1");
    EXPECT_EQ(snapshot->begin.offset_bytes, 4 * segment);
    EXPECT_EQ(snapshot->end.history.text, "1@0/5000064 2");
    EXPECT_EQ(snapshot->end.offset_bytes, 6 * segment);
    EXPECT_EQ(snapshot->data_bytes, 120U);
    EXPECT_FALSE(describe(manifest, Descent{{{1, 5 * segment + 100}}, 3}));
}

TEST(Descent, IsCutWhereItWasOnATimeline) {
    EXPECT_EQ(cut_at(third, 1), (Descent{{}, 1}));
    EXPECT_EQ(cut_at(third, 2), (Descent{{{1, 5 * segment + 100}}, 2}));
    EXPECT_EQ(cut_at(third, 3), third);
    EXPECT_FALSE(cut_at(third, 4));
}

} // namespace
} // namespace lockstep::postgres
