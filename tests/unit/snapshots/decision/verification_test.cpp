#include <gtest/gtest.h>

#include "snapshots/decision/verification.h"
#include "tests/unit/snapshots/decision/catalogue_samples.h"

namespace lockstep::snapshots {
namespace {

const auto latest = second(100);

Catalogue two() {
    return {{taken("old", "1", 1, 2), taken("new", "1", 10, 20)}, {}, {{{"1"}, {}, 0}}};
}

TEST(Verification, IsOfTheNewestAutomatedOneUpToTheEndOrToATimeThatItReaches) {
    EXPECT_EQ(verification_due(two(), latest, 0), (Verification{"new", {}}));
    for (std::uint64_t draw = 1; draw < 1'000'000; draw += 4567 * 2) {
        const auto due = verification_due(two(), latest, draw);
        ASSERT_TRUE(due && due->target.unix_ms) << draw;
        EXPECT_GE(*due->target.unix_ms, second(20));
        EXPECT_LT(*due->target.unix_ms, latest);
    }
}

TEST(Verification, GoesToTheEndWhereNoTimeCanBeChosen) {
    EXPECT_EQ(verification_due(two(), std::nullopt, 1), (Verification{"new", {}}));
    EXPECT_EQ(verification_due(two(), second(20), 1), (Verification{"new", {}}));
    auto idle = two();
    idle.snapshots[1].end_unix_ms = 0; // Nothing was committed before it.
    EXPECT_EQ(verification_due(idle, latest, 1), (Verification{"new", {}}));
}

TEST(Verification, IsDoneOnceForEachAndNeverOfADamagedOrManualOne) {
    auto catalogue = two();
    catalogue.snapshots[1].proof = SnapshotProof::queried;
    EXPECT_FALSE(verification_due(catalogue, latest, 0)) << "the newest one counts";
    catalogue.snapshots[1].proof = SnapshotProof::checksummed;
    EXPECT_TRUE(verification_due(catalogue, latest, 0));
    catalogue.snapshots[1].damage = "a file is gone";
    EXPECT_EQ(verification_due(catalogue, latest, 0)->snapshot, "old");
    catalogue.snapshots[0].kind = SnapshotKind::manual;
    EXPECT_FALSE(verification_due(catalogue, latest, 0));
    EXPECT_FALSE(verification_due({}, latest, 0));
}

} // namespace
} // namespace lockstep::snapshots
