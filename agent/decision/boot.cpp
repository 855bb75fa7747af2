#include "agent/decision/boot.h"

namespace lockstep {
namespace {

/// Nobody else can have been promoted since: R2 promotes only members of the in-sync set, and a
/// grant may have been widened by a revision that this agent has not seen.
bool alone_by_own_revision(const PairRecord& record) {
    return record.in_sync.size() == 1 && !record.grant;
}

bool permitted(const BootFacts& facts) {
    return facts.permit && facts.request != 0 && facts.permit->request == facts.request &&
           facts.permit->epoch == facts.record->epoch;
}

/// Nobody answered the question for so long that nobody will; or nobody was there for so long
/// before it, when a controller speaks each second, that nobody is (DESIGN.md 5,
/// docs/decisions/0016).
bool no_controller_to_ask(const BootFacts& facts) {
    const auto timings = timings_of(facts.record->policy.profile);
    const bool unproved = !facts.proved_ago || *facts.proved_ago > timings.fence_after;
    const bool known_away = facts.silent_for && *facts.silent_for > timings.fence_after;
    return facts.request != 0 && unproved && (known_away || facts.asked_ago >= timings.dead_after);
}

} // namespace

BootVerdict may_start_as_primary(const BootFacts& facts) {
    if (!facts.record) {
        return {false, Door::shut, "no record was accepted yet"};
    }
    if (facts.record->primary != facts.self) {
        return {false, Door::shut, "the record names another primary"};
    }
    const bool alone = alone_by_own_revision(*facts.record);
    if (!facts.withdrawn && alone) {
        return {true, Door::open,
                "its own highest revision says that it is alone in the in-sync set"};
    }
    if (permitted(facts)) {
        // R9: what a start makes visible, the standby may lack, also after a clean stop: without
        // its standby it ends with commits that nobody else holds (F22).
        return {true, alone ? Door::open : Door::shut,
                "a controller read the record after this start was asked for"};
    }
    if (!facts.withdrawn && no_controller_to_ask(facts)) {
        return {true, Door::shut,
                "no controller is there to ask: its standby's stream shall prove, while the door "
                "is shut, that nobody else was promoted"};
    }
    return {false, Door::shut,
            "another member may have been promoted: a controller must read the record first"};
}

} // namespace lockstep
