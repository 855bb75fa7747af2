#include <gtest/gtest.h>

#include "tests/sim/history.h"

namespace lockstep::sim {
namespace {

// A sanitizer makes them ten times as slow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t histories = 60;
#else
constexpr std::uint64_t histories = 250;
#endif

TEST(Histories, HoldEveryInvariant) {
    std::uint64_t acknowledged = 0;
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
        const auto outcome = run_history(seed, {});
        acknowledged += outcome.acknowledged;
        EXPECT_EQ(outcome.lost, 0U) << "seed " << seed;
        EXPECT_FALSE(outcome.violation)
            << "deploy/simulate --seed " << seed << "\n"
            << outcome.violation->invariant << ": " << outcome.violation->what;
    }
    EXPECT_GT(acknowledged, 40 * histories);
}

TEST(Histories, AreFunctionsOfTheirSeeds) {
    for (const std::uint64_t seed : {4U, 17U, 99U}) {
        HistoryOptions traced;
        traced.keeps_trace = true;
        const auto once = run_history(seed, traced);
        const auto again = run_history(seed, {});
        EXPECT_EQ(once.trace_hash, again.trace_hash);
        EXPECT_EQ(once.steps, again.steps);
        EXPECT_EQ(once.acknowledged, again.acknowledged);
        EXPECT_NE(once.trace_hash, run_history(seed + 1, {}).trace_hash);
    }
}

/// Not vacuous: primaries change, and some of the former ones come back to that role.
TEST(Histories, ChangePrimariesAgainAndAgain) {
    std::uint64_t changes = 0;
    bool twice = false;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const auto outcome = run_history(seed, {});
        changes += number(outcome.epoch) - 1;
        twice = twice || number(outcome.epoch) > 2;
    }
    EXPECT_GT(changes, 20U);
    EXPECT_TRUE(twice);
}

} // namespace
} // namespace lockstep::sim
