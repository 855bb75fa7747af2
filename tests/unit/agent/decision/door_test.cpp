#include "agent/decision/door.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

constexpr std::uint64_t end_bytes = 1000;

/// Of member a, primary of a pair in sync, whose standby has everything.
DoorFacts proved() {
    DoorFacts facts;
    facts.record = fixture::in_sync_record();
    facts.server = ServerState::primary;
    facts.recovery_end = {fixture::first_history, end_bytes};
    facts.acknowledgements.name = "ls_b_9";
    facts.acknowledgements.streaming = true;
    facts.acknowledged = {fixture::first_history, end_bytes};
    return facts;
}

TEST(Door, OpensWhenTheStandbyFlushedPastTheEndOfRecovery) { // R9
    EXPECT_EQ(door_after(proved()).door, Door::open);
}

TEST(Door, OpensWhenTheRecordIsNarrowedToItAlone) { // R9
    DoorFacts facts;
    facts.record = fixture::solo_record();
    EXPECT_EQ(door_after(facts).door, Door::open);
}

TEST(Door, OfAGrantingPrimaryWaitsForTheGrantedOne) {
    auto facts = proved();
    facts.record = fixture::granted_record();
    EXPECT_EQ(door_after(facts).door, Door::shut) << "the name in force is an earlier grant's";
    facts.acknowledgements.name = "ls_b_10";
    EXPECT_EQ(door_after(facts).door, Door::open);
}

TEST(Door, StaysShutWithoutARecord) {
    auto facts = proved();
    facts.record.reset();
    EXPECT_EQ(door_after(facts).door, Door::shut);
}

/// Every combination of what has to be shown: only all of it together opens.
TEST(Door, OpensForNothingLess) {
    int opened = 0;
    for (int bits = 0; bits < 64; ++bits) {
        auto facts = proved();
        const auto lacks = [bits](int bit) { return (bits & (1 << bit)) == 0; };
        if (lacks(0)) {
            facts.server = ServerState::starting;
        }
        if (lacks(1)) {
            facts.recovery_end = Position{};
        }
        if (lacks(2)) {
            facts.acknowledgements.name = "ls_b_8"; // An earlier grant's.
        }
        if (lacks(3)) {
            facts.acknowledgements.streaming = false;
        }
        if (lacks(4)) {
            facts.acknowledged.offset_bytes = end_bytes - 1;
        }
        if (lacks(5)) {
            facts.acknowledged.history = History{"2"}; // Somewhere else.
        }
        const bool all = bits == 63;
        EXPECT_EQ(door_after(facts).door, all ? Door::open : Door::shut) << bits;
        EXPECT_FALSE(door_after(facts).because.empty());
        opened += all ? 1 : 0;
    }
    EXPECT_EQ(opened, 1);
}

TEST(Door, OfAServerThatReplaysStaysShut) {
    for (const auto state : {ServerState::no_data, ServerState::foreign, ServerState::stopped,
                             ServerState::starting, ServerState::standby}) {
        auto facts = proved();
        facts.server = state;
        EXPECT_EQ(door_after(facts).door, Door::shut);
    }
}

} // namespace
} // namespace lockstep
