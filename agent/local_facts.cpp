#include "agent/local_facts.h"

#include <algorithm>

#include "agent/judgements.h"
#include "agent/wanted_ticket.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds stream_wanted_within{5000};
constexpr Milliseconds longest_fsync{1000};
constexpr Milliseconds between_looks_at_slots{60000};
constexpr Milliseconds word_within{3000};

Process process_of(const LocalState& state, const Supervisor& supervisor) {
    switch (supervisor.state()) {
    case Supervisor::State::none: return Process::none;
    case Supervisor::State::ending: return Process::ending;
    case Supervisor::State::leftover: return Process::leftover;
    case Supervisor::State::running: break;
    }
    if (state.hand_over && state.hand_over->stage == HandOverStage::stopped) {
        return Process::ending; // Shut down: what is left of it can write nothing any more.
    }
    switch (state.server.state()) {
    case ServerState::primary: return Process::primary;
    case ServerState::standby: return Process::standby;
    default: return Process::starting;
    }
}

Judged judged(const Goal& goal, const LocalState& state) {
    const bool current = state.judgement && goal.upstream && state.judgement->epoch == goal.epoch &&
                         state.judgement->upstream == goal.upstream->id;
    if (!current) {
        return Judged::unknown;
    }
    return state.judgement->divergence.diverged ? Judged::diverged : Judged::same;
}

bool streaming(const Goal& goal, const LocalState& state) {
    const auto& report = state.server.report();
    if (!report) {
        return false;
    }
    if (goal.role == Role::primary) {
        return report->acknowledgements.streaming &&
               report->acknowledgements.name == goal.sync_name;
    }
    return report->stream.connected && report->stream.name == goal.sync_name;
}

/// Each judgement that changed nothing doubles the patience: an upstream that refuses this
/// standby for another reason must not make it restart for ever.
bool stream_broken(const LocalState& state) {
    if (!state.upstream_answers_since) {
        return false;
    }
    const auto now = boot_time();
    const auto doublings = std::min<std::uint32_t>(state.fruitless_judgements, 6);
    const auto patience = stream_wanted_within * (1U << doublings);
    return state.server.disconnected_for(now) >= patience &&
           now - *state.upstream_answers_since >= stream_wanted_within;
}

/// What a slot was kept for may have been lost since: looked at again and again on a primary.
bool slots_kept(const Goal& goal, const LocalState& state) {
    const bool old =
        goal.role == Role::primary && boot_time() - state.slots_kept_at >= between_looks_at_slots;
    return state.slots_kept_for && *state.slots_kept_for == slots_wanted(goal) && !old;
}

/// A controller decides at once. One that says nothing is away: then this member looks after
/// itself.
HandsOver hands_over(const Goal& goal, const LocalState& state) {
    if (!state.hand_over || state.hand_over->revision != goal.revision) {
        return HandsOver::due;
    }
    if (!state.hand_over->trouble.empty()) {
        return HandsOver::over;
    }
    if (state.hand_over->stage != HandOverStage::stopped) {
        return HandsOver::due;
    }
    return boot_time() - state.hand_over->since < word_within ? HandsOver::stopped
                                                              : HandsOver::over;
}

/// A server without room dies again at once, and one on a disk that hangs would hang its agent too.
bool disk_forbids_start(const LocalState& state) {
    return state.full_since || state.fsync.probe(boot_time()).silent > longest_fsync;
}

} // namespace

std::vector<Member> slots_wanted(const Goal& goal) {
    return goal.role == Role::primary ? goal.peers : std::vector<Member>{};
}

LocalFacts gather_facts(const Goal& goal, const LocalState& state, const Memory& memory,
                        const Supervisor& supervisor, const Driver& driver) {
    LocalFacts facts;
    const auto owner = look_at_owner(driver.data_folder(), memory.data());
    facts.data = data_of(owner, state.inside, memory.data());
    facts.process = process_of(state, supervisor);
    facts.judged = judged(goal, state);
    facts.hands_over = hands_over(goal, state);
    facts.may_start = judge_boot(state, memory).allowed;
    facts.start_held = supervisor.start_is_held() || disk_forbids_start(state);
    facts.begun = memory.data().begun_epoch == goal.epoch;
    facts.ticket_in_force = state.in_force && *state.in_force == wanted_ticket(goal, state.door);
    facts.ticket_left = supervisor.may_have_ticket();
    facts.slots_kept = slots_kept(goal, state);
    facts.barrier_taken = state.barrier && state.barrier->revision == goal.revision;
    facts.streaming = streaming(goal, state);
    facts.stream_broken = stream_broken(state);
    facts.must_judge = state.must_judge;
    return facts;
}

bool serves(const Goal& goal, const LocalState& state, const Memory& memory,
            const Supervisor& supervisor) {
    return goal.role == Role::primary && supervisor.state() == Supervisor::State::running &&
           state.server.state() == ServerState::primary &&
           memory.data().begun_epoch == goal.epoch && state.in_force &&
           *state.in_force == primary_ticket(goal, Door::open);
}

} // namespace lockstep
