#include "agent/decision/guard.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr Milliseconds lost_after{30000};
constexpr Milliseconds limit{1000000};

/// Every moment around the limit, of what was said last and of now: the whole rule.
TEST(Guard, FencesExactlyForALostAgentOrOneThatLetsTheLimitPass) { // R6
    int fenced = 0;
    for (const int fed_after_limit : {-60000, -5000, -1, 0, 999, 1000, 5000}) {
        for (const int silent : {0, 200, 29999, 30000, 600000}) {
            GuardFacts facts;
            facts.limit = limit;
            facts.fed_at = limit + Milliseconds{fed_after_limit};
            facts.now = facts.fed_at + Milliseconds{silent};
            facts.agent_lost_after = lost_after;
            const bool lost = silent >= lost_after.count();
            EXPECT_EQ(agent_is_lost(facts), lost);
            const auto verdict = must_fence_for_agent(facts);
            EXPECT_EQ(verdict.fence, lost || fed_after_limit >= 1000);
            EXPECT_FALSE(verdict.because.empty());
            fenced += verdict.fence ? 1 : 0;
        }
    }
    EXPECT_GT(fenced, 0);
}

TEST(Guard, LeavesASoloPrimaryAndAStandbyAlone) { // R6
    GuardFacts facts;
    facts.fed_at = limit;
    facts.agent_lost_after = lost_after;
    for (const int silent : {0, 30000, 1000000}) {
        facts.now = limit + Milliseconds{silent};
        EXPECT_FALSE(must_fence_for_agent(facts).fence);
    }
}

} // namespace
} // namespace lockstep
