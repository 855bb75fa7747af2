#include "agent/decision/rejoin.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Rejoin, IsARewindOnlyWhereNamesOfHistoriesTellThemApart) {
    for (int bits = 0; bits < 8; ++bits) {
        const RejoinFacts facts{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
        const auto choice = choose_rejoin(facts);
        const bool rewind = facts == RejoinFacts{true, false, false};
        EXPECT_EQ(choice.how, rewind ? Rejoin::rewind : Rejoin::clone) << bits;
        EXPECT_EQ(choice.because.empty(), rewind) << bits; // A clone says why.
    }
}

TEST(Retention, RemovesOnlyWhatIsDueAndNeededNoMore) {
    constexpr std::int64_t kept = 1'800'000'000'000;
    const auto due = remove_at(kept, 30);
    EXPECT_EQ(due - kept, 2'592'000'000);
    EXPECT_FALSE(may_remove(due, due - 1, "rewind"));
    EXPECT_TRUE(may_remove(due, due, "rewind"));
    EXPECT_TRUE(may_remove(due, due + 1, "clone"));
    EXPECT_FALSE(may_remove(due, due + 1, "")); // Not rejoined yet.
}

} // namespace
} // namespace lockstep
