#include "agent/decision/boot.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

BootFacts asking(PairRecord record) {
    BootFacts facts;
    facts.self = record.primary;
    facts.record = std::move(record);
    facts.request = 77;
    return facts;
}

TEST(Boot, NeverWithoutARecord) {
    BootFacts facts;
    facts.self = "a";
    facts.request = 77;
    facts.permit = wire::StartPermit{77, Epoch{1}};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, NeverWhenTheRecordNamesAnother) {
    auto facts = asking(fixture::solo_record());
    facts.self = "b";
    facts.permit = wire::StartPermit{77, Epoch{1}};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, ASoloPrimaryNeedsNoController) { // REDTEAM F25
    EXPECT_TRUE(may_start_as_primary(asking(fixture::solo_record())).allowed);
}

TEST(Boot, ASoloPrimaryThatTheControllerKnowsNoMoreNeedsAPermit) {
    auto facts = asking(fixture::solo_record());
    facts.withdrawn = true;
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, AnInSyncPrimaryNeedsAPermit) {
    EXPECT_FALSE(may_start_as_primary(asking(fixture::in_sync_record())).allowed);
}

TEST(Boot, AGrantingPrimaryNeedsAPermit) {
    // The grant may have been widened by a revision that this agent has not seen.
    EXPECT_FALSE(may_start_as_primary(asking(fixture::granted_record())).allowed);
}

TEST(Boot, APermitForThisRequestAndEpochAllows) {
    auto facts = asking(fixture::in_sync_record());
    facts.permit = wire::StartPermit{77, Epoch{1}};
    EXPECT_TRUE(may_start_as_primary(facts).allowed);
}

TEST(Boot, APermitForAnEarlierRequestAllowsNothing) {
    auto facts = asking(fixture::in_sync_record());
    facts.permit = wire::StartPermit{76, Epoch{1}};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, APermitForAnotherEpochAllowsNothing) {
    auto facts = asking(fixture::in_sync_record());
    facts.permit = wire::StartPermit{77, Epoch{2}};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, APermitNobodyAskedForAllowsNothing) {
    auto facts = asking(fixture::in_sync_record());
    facts.request = 0;
    facts.permit = wire::StartPermit{0, Epoch{1}};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

// Without a controller ----------------------------------------------------------------------------

/// An in-sync primary whose controller is away and whose start was asked for long ago.
BootFacts unanswered(PairRecord record) {
    auto facts = asking(std::move(record));
    facts.asked_ago = Milliseconds{1500};
    return facts;
}

TEST(Boot, WithoutAControllerItStartsBehindTheShutDoor) { // R5's third way
    for (const auto& record : {fixture::in_sync_record(), fixture::granted_record()}) {
        auto facts = unanswered(record);
        EXPECT_TRUE(may_start_as_primary(facts).allowed) << "none was ever heard";
        EXPECT_EQ(may_start_as_primary(facts).door, Door::shut);
        facts.proved_ago = Milliseconds{5001};
        EXPECT_TRUE(may_start_as_primary(facts).allowed);
        facts.proved_ago = Milliseconds{5000};
        EXPECT_FALSE(may_start_as_primary(facts).allowed) << "it may still answer";
    }
}

TEST(Boot, WithoutAControllerItWaitsFirst) {
    auto facts = unanswered(fixture::in_sync_record());
    facts.asked_ago = Milliseconds{1499};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
    facts.record->policy.profile = Profile::wan;
    facts.asked_ago = Milliseconds{2999};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
    facts.asked_ago = Milliseconds{3000};
    EXPECT_TRUE(may_start_as_primary(facts).allowed);
}

TEST(Boot, AControllerThatWasAwayBeforeTheQuestionIsNotWaitedFor) {
    auto facts = asking(fixture::in_sync_record());
    facts.proved_ago = Milliseconds{5001};
    facts.silent_for = Milliseconds{5001};
    EXPECT_TRUE(may_start_as_primary(facts).allowed);
    EXPECT_EQ(may_start_as_primary(facts).door, Door::shut);
    facts.silent_for = Milliseconds{5000};
    EXPECT_FALSE(may_start_as_primary(facts).allowed) << "it may only be late";
    facts.silent_for = std::nullopt;
    EXPECT_FALSE(may_start_as_primary(facts).allowed) << "this agent was started just now";
}

TEST(Boot, AControllerThatProvedItselfLatelyIsWaitedForHoweverSilent) {
    auto facts = asking(fixture::in_sync_record());
    facts.proved_ago = Milliseconds{5000};
    facts.silent_for = Milliseconds{60000};
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, AbsenceBeforeTheQuestionIsNoLeaveWithoutIt) {
    auto facts = asking(fixture::in_sync_record());
    facts.silent_for = Milliseconds{60000};
    EXPECT_TRUE(may_start_as_primary(facts).allowed);
    facts.request = 0;
    EXPECT_FALSE(may_start_as_primary(facts).allowed) << "not asked for";
    facts.request = 77;
    facts.withdrawn = true;
    EXPECT_FALSE(may_start_as_primary(facts).allowed) << "withdrawn";
    facts.withdrawn = false;
    facts.self = "b";
    EXPECT_FALSE(may_start_as_primary(facts).allowed) << "another is primary";
}

TEST(Boot, WithoutAControllerNothingIsStartedThatWasNotAskedFor) {
    auto facts = unanswered(fixture::in_sync_record());
    facts.request = 0;
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, AWithdrawnPairStartsByNobodysSilence) {
    auto facts = unanswered(fixture::in_sync_record());
    facts.withdrawn = true;
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

TEST(Boot, AnotherMembersSilenceStartsNothing) {
    auto facts = unanswered(fixture::in_sync_record());
    facts.self = "b";
    EXPECT_FALSE(may_start_as_primary(facts).allowed);
}

// The door ----------------------------------------------------------------------------------------

TEST(Boot, AStrictPrimaryStartsBehindTheShutDoorHoweverItWasStopped) { // R9
    for (const auto& record : {fixture::in_sync_record(), fixture::granted_record()}) {
        auto facts = asking(record);
        facts.permit = wire::StartPermit{77, Epoch{1}};
        EXPECT_EQ(may_start_as_primary(facts).door, Door::shut);
    }
}

TEST(Boot, AnAlonePrimaryLetsClientsInAtOnce) { // R9: nobody has to have what it shows.
    auto facts = asking(fixture::solo_record());
    EXPECT_EQ(may_start_as_primary(facts).door, Door::open);
    facts.withdrawn = true;
    facts.permit = wire::StartPermit{77, Epoch{1}};
    EXPECT_TRUE(may_start_as_primary(facts).allowed);
    EXPECT_EQ(may_start_as_primary(facts).door, Door::open);
}

} // namespace
} // namespace lockstep
