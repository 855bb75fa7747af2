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

} // namespace
} // namespace lockstep
