#include "agent/decision/ballast.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr std::uint64_t mb = 1U << 20U;

Room with_free(std::uint64_t free_mb, std::uint64_t held_mb, std::uint64_t wanted_mb = 64) {
    return {free_mb * mb, std::nullopt, held_mb * mb, wanted_mb * mb, false};
}

TEST(Ballast, IsKeptWhileThereIsRoom) {
    EXPECT_EQ(next_ballast_step(with_free(1000, 64)), BallastStep::keep);
    EXPECT_EQ(next_ballast_step(with_free(32, 64)), BallastStep::keep);
    EXPECT_FALSE(is_full(with_free(1000, 0, 0)));
}

TEST(Ballast, IsReleasedBeforeAnythingMustStop) {
    EXPECT_EQ(next_ballast_step(with_free(31, 64)), BallastStep::release);
    EXPECT_FALSE(is_full(with_free(0, 64))); // It comes first.
    auto room = with_free(1000, 64);
    room.refused = true; // A quota: the file system itself has room.
    EXPECT_EQ(next_ballast_step(room), BallastStep::release);
}

TEST(Ballast, WithoutItADiskWithoutTheNextPieceOfLogIsFull) {
    EXPECT_FALSE(is_full(with_free(16, 0)));
    EXPECT_TRUE(is_full(with_free(15, 0)));
    auto refused = with_free(1000, 0);
    refused.refused = true;
    EXPECT_TRUE(is_full(refused));
}

TEST(Ballast, HelpsNoLogThatLiesElsewhere) {
    auto room = with_free(1000, 64);
    room.log_free_bytes = 15 * mb;
    EXPECT_TRUE(is_full(room));
    EXPECT_EQ(next_ballast_step(room), BallastStep::keep);
}

TEST(Ballast, IsMadeAnewOnlyFarFromThePlaceWhereItWasReleased) {
    EXPECT_EQ(free_bytes_needed(with_free(0, 0)), 160 * mb);
    EXPECT_EQ(next_ballast_step(with_free(159, 0)), BallastStep::keep);
    EXPECT_EQ(next_ballast_step(with_free(160, 0)), BallastStep::make);
    // Once made, and with as much written as it holds, it is still kept.
    EXPECT_EQ(next_ballast_step(with_free(160 - 64 - 64, 64)), BallastStep::keep);
}

TEST(Ballast, HalfMadeIsCompleted) {
    EXPECT_EQ(next_ballast_step(with_free(1000, 10)), BallastStep::make);
}

TEST(Ballast, UnwantedIsNeitherMadeNorKept) {
    EXPECT_EQ(next_ballast_step(with_free(1000, 0, 0)), BallastStep::keep);
    EXPECT_EQ(next_ballast_step(with_free(1000, 64, 0)), BallastStep::release);
}

TEST(Ballast, KnowsWhatIsSaidWhenThereIsNoRoom) {
    EXPECT_TRUE(says_no_room("could not extend file \"base/5/16384\": No space left on device"));
    EXPECT_TRUE(says_no_room("write /data/x: Disk quota exceeded"));
    EXPECT_FALSE(says_no_room("Input/output error"));
    EXPECT_FALSE(says_no_room(""));
}

} // namespace
} // namespace lockstep
