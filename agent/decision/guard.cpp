#include "agent/decision/guard.h"

namespace lockstep {
namespace {

/// So long after the limit, an agent that still talks has had its chance.
constexpr Milliseconds own_fence_within{1000};

} // namespace

bool agent_is_lost(const GuardFacts& facts) {
    return facts.now - facts.fed_at >= facts.agent_lost_after;
}

GuardVerdict must_fence_for_agent(const GuardFacts& facts) {
    if (!facts.limit) {
        return {false, "nobody else can have been promoted, or it serves nobody"};
    }
    if (agent_is_lost(facts)) {
        return {true, "the agent of this strict primary is dead or frozen (R6)"};
    }
    // Only what a living agent says counts: a frozen one may thaw with good news.
    if (facts.fed_at - *facts.limit >= own_fence_within) {
        return {true, "this strict primary was not heard of for too long, and its agent did not "
                      "end it (R6)"};
    }
    return {false, "its agent looks after it"};
}

} // namespace lockstep
