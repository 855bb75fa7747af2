#include "agent/decision/fence.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr Milliseconds limit{5000};
using Ago = std::optional<Milliseconds>;
constexpr std::array<Ago, 6> ages = {std::nullopt, Milliseconds{0},         limit - Milliseconds{1},
                                     limit,        limit + Milliseconds{1}, Milliseconds{600000}};

FenceFacts facts_of(bool strict, Door door, const Ago& strict_for, const Ago& proved,
                    const Ago& standby) {
    FenceFacts facts;
    facts.strict = strict;
    facts.door = door;
    facts.strict_for = strict_for.value_or(Milliseconds{0});
    facts.proved_ago = proved;
    facts.standby_ago = standby;
    facts.fence_after = limit;
    return facts;
}

bool lately(const Ago& age) {
    return age && *age < limit;
}

/// Every combination of the ages around the limit, with and without each source.
template <class Check> void for_all(bool strict, Door door, Check check) {
    for (const auto& strict_for : ages) {
        for (const auto& proved : ages) {
            for (const auto& standby : ages) {
                const auto facts = facts_of(strict, door, strict_for, proved, standby);
                check(facts, must_stop_serving(facts));
            }
        }
    }
}

TEST(Fence, AStrictPrimaryStopsExactlyWhenNothingWasHeardForTooLong) { // R6
    for_all(true, Door::open, [](const FenceFacts& facts, const FenceVerdict& verdict) {
        const bool holds =
            lately(facts.strict_for) || lately(facts.proved_ago) || lately(facts.standby_ago);
        EXPECT_EQ(verdict.fence, !holds);
        ASSERT_TRUE(verdict.holds_for);
        EXPECT_EQ(verdict.holds_for->count() > 0, holds);
        EXPECT_FALSE(verdict.because.empty());
    });
}

TEST(Fence, HoldsForWhatIsLeftOfTheNewestNews) {
    const auto facts =
        facts_of(true, Door::open, Milliseconds{600000}, Milliseconds{4000}, Milliseconds{1500});
    EXPECT_EQ(must_stop_serving(facts).holds_for, Milliseconds{3500});
}

TEST(Fence, AnAgentThatWasFrozenFirstListensForAsLongAsAnyOther) { // R6
    auto facts =
        facts_of(true, Door::open, Milliseconds{600000}, Milliseconds{7000}, Milliseconds{7100});
    facts.awake_for = Milliseconds{0};
    EXPECT_EQ(must_stop_serving(facts).holds_for, limit);
    facts.awake_for = limit - Milliseconds{1};
    EXPECT_FALSE(must_stop_serving(facts).fence);
    facts.awake_for = limit;
    EXPECT_TRUE(must_stop_serving(facts).fence);
}

TEST(Fence, AnAgentThatIsFrozenAgainAndAgainEndsItsServerWhenItCountsAsLost) { // R6
    auto facts = facts_of(true, Door::open, Milliseconds{600000}, std::nullopt, std::nullopt);
    facts.awake_for = Milliseconds{0};
    facts.standby_ago = facts.agent_lost_after - Milliseconds{1};
    EXPECT_EQ(must_stop_serving(facts).holds_for, Milliseconds{1});
    facts.standby_ago = facts.agent_lost_after;
    EXPECT_TRUE(must_stop_serving(facts).fence);
}

TEST(Fence, ASoloPrimaryNeedsNoNews) { // R6
    for_all(false, Door::open, [](const FenceFacts&, const FenceVerdict& verdict) {
        EXPECT_FALSE(verdict.fence);
        EXPECT_FALSE(verdict.holds_for);
    });
}

TEST(Fence, BehindItsShutDoorItServesNobodyAndStays) {
    for_all(true, Door::shut, [](const FenceFacts&, const FenceVerdict& verdict) {
        EXPECT_FALSE(verdict.fence);
        EXPECT_FALSE(verdict.holds_for);
    });
}

} // namespace
} // namespace lockstep
