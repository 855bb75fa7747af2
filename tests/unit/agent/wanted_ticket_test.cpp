#include "agent/wanted_ticket.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

Ticket of(const PairRecord& record, const MemberId& member) {
    return wanted_ticket(goal_for(record, member), Door::open);
}

TEST(WantedTicket, ASoloPrimaryWaitsForNobody) {
    const auto ticket = of(fixture::solo_record(), "a");
    EXPECT_TRUE(ticket.primary);
    EXPECT_TRUE(ticket.sync_name.empty());
    EXPECT_FALSE(ticket.upstream.has_value());
    ASSERT_EQ(ticket.peers.size(), 1U);
    EXPECT_EQ(ticket.peers.front().id, "b");
}

TEST(WantedTicket, AGrantMakesANewNameOnBothSides) { // REDTEAM F7
    const auto record = fixture::granted_record();
    EXPECT_EQ(of(record, "a").sync_name, "ls_b_10");
    EXPECT_EQ(of(record, "b").stream_name, "ls_b_10");
    EXPECT_TRUE(of(record, "b").sync_name.empty());
}

TEST(WantedTicket, WideningKeepsTheNameOfTheGrant) {
    auto record = fixture::in_sync_record();
    record.revision = Revision{11};
    EXPECT_EQ(of(record, "a").sync_name, "ls_b_9");
    EXPECT_EQ(of(record, "b").stream_name, "ls_b_9");
}

TEST(WantedTicket, AStreamWithoutAGrantHasANameNobodyWaitsFor) {
    const auto ticket = of(fixture::solo_record(), "b");
    EXPECT_FALSE(ticket.primary);
    EXPECT_EQ(ticket.stream_name, "ls_b_async");
    ASSERT_TRUE(ticket.upstream.has_value());
    EXPECT_EQ(ticket.upstream->id, "a");
}

TEST(WantedTicket, WhatShallBePromotedFollowsNobody) {
    const auto ticket = replaying_ticket(goal_for(fixture::promoting_record(), "b"));
    EXPECT_FALSE(ticket.primary);
    EXPECT_FALSE(ticket.upstream.has_value());
    EXPECT_TRUE(ticket.stream_name.empty());
}

TEST(WantedTicket, OnlyAPrimaryHasADoorToShut) { // R9
    const auto record = fixture::in_sync_record();
    EXPECT_EQ(of(record, "a").door, Door::open);
    EXPECT_EQ(wanted_ticket(goal_for(record, "a"), Door::shut).door, Door::shut);
    EXPECT_EQ(wanted_ticket(goal_for(record, "b"), Door::shut), of(record, "b"));
}

} // namespace
} // namespace lockstep
