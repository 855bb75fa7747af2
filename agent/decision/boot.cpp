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

} // namespace

BootVerdict may_start_as_primary(const BootFacts& facts) {
    if (!facts.record) {
        return {false, "no record was accepted yet"};
    }
    if (facts.record->primary != facts.self) {
        return {false, "the record names another primary"};
    }
    if (!facts.withdrawn && alone_by_own_revision(*facts.record)) {
        return {true, "its own highest revision says that it is alone in the in-sync set"};
    }
    if (permitted(facts)) {
        return {true, "a controller read the record after this start was asked for"};
    }
    return {false,
            "another member may have been promoted: a controller must read the record first"};
}

} // namespace lockstep
