#include <gtest/gtest.h>

#include "tests/mutations/mutations.h"

namespace lockstep::mutations {
namespace {

constexpr std::uint64_t most_seeds = 3000;

class Mutations : public testing::TestWithParam<Mutation> {
protected:
    void TearDown() override { bent = Bent::nothing; }
};

std::string name_of(const testing::TestParamInfo<Mutation>& info) {
    return std::string(info.param.name);
}

TEST_P(Mutations, BreaksItsInvariant) {
    const auto& mutation = GetParam();
    bent = mutation.bent;
    auto options = mutation.options;
    options.ends_with_faults = mutation.breaks != "stuck";
    std::map<std::string, std::uint64_t> others;
    for (std::uint64_t i = 0; i < most_seeds; ++i) {
        const auto seed = i + 1;
        const auto outcome = sim::run_history(seed, options);
        if (!outcome.violation) {
            continue;
        }
        if (outcome.violation->invariant == mutation.breaks) {
            RecordProperty("seed", std::to_string(seed));
            std::cout << "seed " << seed << ": " << outcome.violation->what << "\n";
            return;
        }
        ++others[outcome.violation->invariant];
    }
    std::string seen;
    for (const auto& [invariant, times] : others) {
        seen += " " + invariant + " (" + std::to_string(times) + " times)";
    }
    FAIL() << "no history of " << most_seeds << " broke \"" << mutation.breaks << "\", but" << seen;
}

INSTANTIATE_TEST_SUITE_P(All, Mutations, testing::ValuesIn(all()), name_of);

/// The very same program without a mutation: it is the mutation that breaks it.
TEST(Unbent, HoldsEveryInvariant) {
    bent = Bent::nothing;
    for (std::uint64_t seed = 1; seed <= 32; ++seed) {
        sim::HistoryOptions options;
        options.engine = seed % 8 < 4 ? sim::Engine::postgresql : sim::Engine::semisync;
        const auto outcome = sim::run_history(seed, options);
        EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->invariant
                                        << ": " << outcome.violation->what;
    }
}

} // namespace
} // namespace lockstep::mutations
