#include "agent/decision/fence.h"

#include <algorithm>

namespace lockstep {

FenceVerdict must_stop_serving(const FenceFacts& facts) {
    if (!facts.strict) {
        return {false, std::nullopt, "nobody else can have been promoted"};
    }
    if (facts.door == Door::shut) {
        return {false, std::nullopt, "it serves nobody behind its shut door"};
    }
    auto newest = facts.strict_for;
    for (const auto& news : {facts.proved_ago, facts.standby_ago}) {
        newest = std::min(newest, news.value_or(newest));
    }
    const auto left = std::min(facts.fence_after - std::min(newest, facts.awake_for),
                               facts.agent_lost_after - newest);
    if (left > Milliseconds{0}) {
        return {false, left, "its standby or a controller was heard lately"};
    }
    return {true, left,
            "neither its standby nor a controller that proved itself was heard for too long: "
            "another member may have been promoted (R6)"};
}

} // namespace lockstep
