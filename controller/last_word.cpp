#include "controller/last_word.h"

namespace lockstep {

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
