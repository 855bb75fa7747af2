#include "controller/ageing.h"

namespace lockstep {
namespace {

void age(Probe& probe, Milliseconds by) {
    if (probe.silent > Milliseconds{0}) {
        probe.silent += by;
    }
}

} // namespace

Observation aged(Observation observation, Milliseconds by) {
    observation.acknowledgements.silent += by;
    observation.stream.silent += by;
    if (observation.hand_over) {
        observation.hand_over->in_stage += by;
    }
    age(observation.sql, by);
    age(observation.fsync, by);
    age(observation.heartbeat, by);
    if (observation.disk.full_for > Milliseconds{0}) {
        observation.disk.full_for += by;
    }
    return observation;
}

Position furthest(const Position& highest, const Position& reported) {
    if (!reported.history.known()) {
        return highest;
    }
    return behind(reported, highest) ? highest : reported;
}

bool is_fine(const Observation& observation) {
    const bool answers =
        observation.server == ServerState::primary || observation.server == ServerState::standby;
    return answers && observation.sql.silent == Milliseconds{0};
}

} // namespace lockstep
