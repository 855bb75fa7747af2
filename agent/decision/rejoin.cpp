#include "agent/decision/rejoin.h"

namespace lockstep {

RejoinChoice choose_rejoin(const RejoinFacts& facts) {
    if (!facts.fork_known) {
        return {Rejoin::clone, "it has no beginning in common with the primary"};
    }
    if (facts.same_history_name) {
        return {Rejoin::clone, "its history bears the name of the primary's: a rewind tells "
                               "histories apart by name only"};
    }
    if (facts.rewound_before) {
        return {Rejoin::clone, "a rewind in this epoch did not lead to the primary's history"};
    }
    return {Rejoin::rewind, ""};
}

} // namespace lockstep
