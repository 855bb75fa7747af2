#include "agent/decision/door.h"

namespace lockstep {

DoorVerdict door_after(const DoorFacts& facts) {
    if (!facts.record) {
        return {Door::shut, "no record was accepted yet"};
    }
    const auto name = sync_name_of(*facts.record);
    if (name.empty()) {
        return {Door::open, "the record is narrowed to it alone"};
    }
    if (facts.server != ServerState::primary || !facts.recovery_end.history.known()) {
        return {Door::shut, "it recovers, and does not answer as primary yet"};
    }
    if (facts.acknowledgements.name != name) {
        return {Door::shut, "its commits do not wait for the standby of the record yet"};
    }
    if (!facts.acknowledgements.streaming) {
        return {Door::shut, "it waits behind the door: its standby does not stream from it"};
    }
    if (!reached(facts.acknowledged, facts.recovery_end)) {
        return {Door::shut,
                "it waits behind the door: its standby has not flushed past the end of recovery"};
    }
    return {Door::open, "its standby flushed past the end of recovery, on this history"};
}

} // namespace lockstep
