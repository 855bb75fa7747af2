#include <gtest/gtest.h>

#include "snapshots/decision/losses.h"
#include "tests/unit/snapshots/decision/catalogue_samples.h"

namespace lockstep::snapshots {
namespace {

Catalogue all() {
    return {{taken("a", "1", 100, 150), taken("b", "1", 300, 350)},
            {logged("1", 100, 200), logged("1", 200, 300), logged("1", 300, 400)},
            {}};
}

TEST(Losses, AreWhatWasThereAndIsNoMore) {
    auto read = all();
    read.snapshots.pop_back();
    read.log.erase(read.log.begin() + 1);
    const auto lost = losses(all(), read, all());
    EXPECT_EQ(in_words(lost), "1 snapshot (b) and 1 piece of the log (1-200-300)");
    auto left = all();
    take_out(lost, left);
    EXPECT_EQ(left, read);
}

TEST(Losses, AreNotWhatCameWhileItWasReadNorWhatWasTakenAway) {
    auto now = all();
    now.log.push_back(logged("1", 400, 500)); // Kept meanwhile.
    now.snapshots.erase(now.snapshots.begin());
    now.log.erase(now.log.begin());
    auto read = all();
    read.snapshots.erase(read.snapshots.begin()); // Deleted meanwhile.
    read.log.erase(read.log.begin());
    EXPECT_TRUE(losses(all(), read, now).none());
    EXPECT_EQ(in_words(losses(all(), all(), all())), "");
}

TEST(Losses, AreNotWhatChangedOnlyInItsDescription) {
    auto read = all();
    read.snapshots[0].damage = "a bit is flipped";
    read.log[0].bytes = 11;
    EXPECT_TRUE(losses(all(), read, all()).none());
}

TEST(Losses, OfOneDatabaseAreNotMadeGoodByAnother) {
    auto read = all();
    read.log[2].system_id = "8";
    EXPECT_EQ(in_words(losses(all(), read, all())), "1 piece of the log (1-300-400)");
}

TEST(Losses, AreNamedUpToThree) {
    const Catalogue nothing;
    EXPECT_EQ(in_words(losses(all(), nothing, all())),
              "2 snapshots (a, b) and 3 pieces of the log (1-100-200, 1-200-300, 1-300-400)");
    auto more = all();
    more.log.push_back(logged("1", 400, 500));
    EXPECT_EQ(in_words(losses(more, nothing, more)),
              "2 snapshots (a, b) and 4 pieces of the log (1-100-200, 1-200-300, 1-300-400, …)");
}

} // namespace
} // namespace lockstep::snapshots
