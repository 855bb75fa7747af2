#include <gtest/gtest.h>

#include "tests/sim/history.h"

namespace lockstep::sim {
namespace {

// A sanitizer makes them ten times as slow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t histories = 32;
#else
constexpr std::uint64_t histories = 128;
#endif

class Histories : public testing::TestWithParam<Engine> {
protected:
    static HistoryOptions options() {
        HistoryOptions options;
        options.engine = GetParam();
        return options;
    }
};
INSTANTIATE_TEST_SUITE_P(Engines, Histories, testing::Values(Engine::postgresql, Engine::semisync),
                         [](const auto& of) {
                             return of.param == Engine::postgresql ? "postgresql" : "semisync";
                         });

TEST_P(Histories, HoldEveryInvariant) {
    std::uint64_t acknowledged = 0;
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
        const auto outcome = run_history(seed, options());
        acknowledged += outcome.acknowledged;
        EXPECT_EQ(outcome.lost, 0U) << "seed " << seed;
        EXPECT_FALSE(outcome.violation)
            << "deploy/simulate --engine "
            << (GetParam() == Engine::postgresql ? "postgresql" : "semisync") << " --seed " << seed
            << "\n"
            << outcome.violation->invariant << ": " << outcome.violation->what;
    }
    EXPECT_GT(acknowledged, 40 * histories);
}

TEST_P(Histories, AreFunctionsOfTheirSeeds) {
    for (const std::uint64_t seed : {4U, 17U, 99U}) {
        auto traced = options();
        traced.keeps_trace = true;
        const auto once = run_history(seed, traced);
        const auto again = run_history(seed, options());
        EXPECT_EQ(once.trace_hash, again.trace_hash);
        EXPECT_EQ(once.steps, again.steps);
        EXPECT_EQ(once.acknowledged, again.acknowledged);
        EXPECT_NE(once.trace_hash, run_history(seed + 1, options()).trace_hash);
    }
}

/// Not vacuous: primaries change, and some of the former ones come back to that role.
TEST_P(Histories, ChangePrimariesAgainAndAgain) {
    std::uint64_t changes = 0;
    bool twice = false;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        const auto outcome = run_history(seed, options());
        changes += number(outcome.epoch) - 1;
        twice = twice || number(outcome.epoch) > 2;
    }
    EXPECT_GT(changes, 60U);
    EXPECT_TRUE(twice);
}

} // namespace
} // namespace lockstep::sim
