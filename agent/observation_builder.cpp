#include "agent/observation_builder.h"

#include <algorithm>

#include "agent/local_facts.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

ServerState server_state(const LocalState& state, const Supervisor& supervisor, Data data) {
    // First the process: what runs may serve, whatever its folder looks like by now.
    if (supervisor.has_process()) {
        return state.server.state();
    }
    if (data == Data::foreign) {
        return ServerState::foreign;
    }
    const bool nothing = data == Data::absent || data == Data::half_made;
    return nothing ? ServerState::no_data : ServerState::stopped;
}

void add_report(const LocalState& state, Milliseconds now, Observation& observation) {
    const auto& report = state.server.report();
    if (!report) {
        return;
    }
    observation.server_version = report->version;
    if (!report->system_id.empty()) {
        observation.system_id = report->system_id;
    }
    observation.start = report->start;
    observation.position = report->position;
    observation.unit = report->unit;
    observation.unreplayed_bytes = report->unreplayed_bytes;
    observation.stream = state.server.stream(now);
    observation.acknowledgements = state.server.acknowledgements(now, state.fsync_proved_at);
    if (state.door == Door::shut && report->state == ServerState::primary) {
        observation.door = state.door_since;
    }
    observation.lowered = report->lowered;
    observation.unfit = report->unfit;
    observation.rpo_notes = report->rpo_notes;
}

void add_probes(const LocalState& state, Milliseconds now, Observation& observation) {
    observation.sql = state.server.sql(now);
    observation.fsync = state.fsync.probe(now);
    observation.heartbeat = state.heartbeat.probe(now);
}

/// A server that was stopped for a switchover says so under every later revision too, until it is
/// started again.
void add_hand_over(const LocalState& state, Milliseconds now, Observation& observation) {
    if (!state.hand_over) {
        return;
    }
    const auto& run = *state.hand_over;
    const bool down = run.stage == HandOverStage::stopping || run.stage == HandOverStage::stopped;
    if (down || run.revision == observation.accepted) {
        observation.hand_over =
            HandOver{run.revision, run.stage, now - run.since, run.end, run.trouble};
    }
}

void add_record(const LocalState& state, const Memory& memory, const Supervisor& supervisor,
                Observation& observation) {
    if (!memory.record()) {
        return;
    }
    const auto goal = goal_for(*memory.record(), state.self);
    observation.store_id = memory.record()->store_id;
    observation.accepted = goal.revision;
    observation.serving = serves(goal, state, memory, supervisor) ? goal.epoch : Epoch{0};
    observation.never_promoted = state.never_promoted &&
                                 state.never_promoted->revision == goal.revision &&
                                 state.never_promoted->proved;
    if (state.barrier && state.barrier->revision == goal.revision) {
        observation.barrier = state.barrier;
    }
}

} // namespace

Observation build_observation(const LocalState& state, const Memory& memory,
                              const Supervisor& supervisor, const Journal& journal,
                              const Driver& driver) {
    const auto now = boot_time();
    const auto owner = look_at_owner(driver.data_folder(), memory.data());
    const auto data = data_of(owner, state.inside, memory.data());
    Observation observation;
    observation.member = state.self;
    // Unreadable for now is no other data than before.
    observation.data_id = owner.whose == Ownership::unknown ? memory.data().data_id : owner.mark;
    observation.system_id = memory.data().system_id;
    observation.server = server_state(state, supervisor, data);
    observation.death = supervisor.death();
    observation.disk = state.disk;
    if (state.full_since) { // At least a millisecond: zero means that there is room.
        observation.disk.full_for = std::max(now - *state.full_since, Milliseconds{1});
    }
    observation.start_request = state.start_request;
    observation.alarms = journal.alarms();
    add_record(state, memory, supervisor, observation);
    add_hand_over(state, now, observation);
    if (supervisor.has_process()) {
        add_report(state, now, observation);
        add_probes(state, now, observation);
    }
    if (state.job) {
        observation.job = state.job;
        observation.job->running_for = now - state.job_since;
    }
    return observation;
}

} // namespace lockstep
