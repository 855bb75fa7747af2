#include "agent/judgements.h"

#include <algorithm>

#include "platform/clock.h"

namespace lockstep {
namespace {

std::optional<Milliseconds> proved_ago(const LocalState& state, Milliseconds now) {
    return state.proved_at ? std::optional(now - *state.proved_at) : std::nullopt;
}

/// An agent that was frozen heard nobody because of itself.
std::optional<Milliseconds> silent_for(const LocalState& state, Milliseconds now) {
    if (!state.told_at) {
        return std::nullopt;
    }
    return std::min(now - *state.told_at, now - state.awake_since);
}

} // namespace

BootVerdict judge_boot(const LocalState& state, const Memory& memory) {
    const auto now = boot_time();
    BootFacts facts;
    facts.self = state.self;
    facts.record = memory.record();
    facts.withdrawn = state.withdrawn;
    facts.request = state.start_request;
    facts.asked_ago = now - state.asked_at;
    facts.permit = state.permit;
    facts.proved_ago = proved_ago(state, now);
    facts.silent_for = silent_for(state, now);
    return may_start_as_primary(facts);
}

DoorVerdict judge_door(const LocalState& state, const Memory& memory) {
    DoorFacts facts;
    facts.record = memory.record();
    facts.server = state.server.state();
    facts.recovery_end = state.server.first_end();
    if (const auto& report = state.server.report()) {
        facts.acknowledgements = report->acknowledgements;
        facts.acknowledged = report->acknowledged;
    }
    return door_after(facts);
}

FenceVerdict judge_fence(const Goal& goal, const LocalState& state, const Memory& memory) {
    const auto now = boot_time();
    FenceFacts facts;
    facts.strict = state.strict_since.has_value();
    facts.door = state.is_behind_door() ? Door::shut : Door::open;
    facts.strict_for = now - state.strict_since.value_or(now);
    facts.awake_for = now - state.awake_since;
    facts.fence_after = timings_of(memory.record()->policy.profile).fence_after;
    facts.agent_lost_after = timings_of(memory.record()->policy.profile).agent_lost_after;
    facts.proved_ago = proved_ago(state, now);
    const auto standby = state.server.acknowledgements(now, state.fsync_proved_at);
    if (standby.name == goal.sync_name && state.server.has_heard_standby()) {
        facts.standby_ago = standby.silent;
    }
    return must_stop_serving(facts);
}

} // namespace lockstep
