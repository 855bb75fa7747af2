#include "agent/decision/vouch.h"

namespace lockstep {
namespace {

bool told_lately(const VouchFacts& facts) {
    return facts.proved_ago && *facts.proved_ago < facts.fence_after;
}

/// Nobody but the primary is in the in-sync set, so nobody else can have been promoted.
bool is_solo_primary(const VouchFacts& facts) {
    return facts.server == ServerState::primary && facts.record->primary == facts.self &&
           facts.record->in_sync.size() == 1 && !facts.record->grant;
}

bool hears_standby(const VouchFacts& facts) {
    return facts.server == ServerState::primary && facts.record->primary == facts.self &&
           facts.acknowledgements.streaming && facts.acknowledgements.silent < facts.fence_after;
}

bool hears_primary(const VouchFacts& facts) {
    return facts.server == ServerState::standby && facts.record->primary != facts.self &&
           facts.stream.connected && facts.stream.silent < facts.fence_after;
}

} // namespace

VouchVerdict may_vouch(const VouchFacts& facts) {
    if (told_lately(facts)) {
        return {true, "a controller said so just now"};
    }
    if (!facts.record) {
        return {false, "no controller said so lately, and the pair is another's"};
    }
    if (is_solo_primary(facts)) {
        return {true, "its own server is the pair's only member in sync"};
    }
    if (hears_standby(facts)) {
        return {true, "its own server is primary and hears its standby"};
    }
    if (hears_primary(facts)) {
        return {true, "its own server hears the primary"};
    }
    return {false, "neither a controller nor the other member was heard lately"};
}

} // namespace lockstep
