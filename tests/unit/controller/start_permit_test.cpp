#include "controller/start_permit.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

View view_with_request(const PairRecord& record, std::uint64_t request) {
    View view;
    auto& primary = view.members[record.primary];
    primary.connected = true;
    primary.observation = fixture::observed(record, record.primary);
    primary.observation->start_request = request;
    return view;
}

Decision allowing() {
    Decision decision;
    decision.may_start_primary = true;
    return decision;
}

TEST(StartPermit, IsGrantableWhenThePrimaryAsksAndTheDecisionAllows) {
    const auto record = fixture::solo_record();
    EXPECT_EQ(grantable_request(record, view_with_request(record, 7), allowing()), 7U);
}

TEST(StartPermit, IsNotGrantableUnasked) {
    const auto record = fixture::solo_record();
    EXPECT_EQ(grantable_request(record, view_with_request(record, 0), allowing()), std::nullopt);
    EXPECT_EQ(grantable_request(record, View{}, allowing()), std::nullopt);
}

TEST(StartPermit, IsNotGrantableOnTheWordOfALostStream) {
    const auto record = fixture::solo_record();
    auto view = view_with_request(record, 7);
    view.members.at("a").connected = false;
    EXPECT_EQ(grantable_request(record, view, allowing()), std::nullopt);
}

TEST(StartPermit, IsNotGrantableAgainstTheDecision) {
    const auto record = fixture::solo_record();
    const auto view = view_with_request(record, 7);
    EXPECT_EQ(grantable_request(record, view, Decision{}), std::nullopt);
    auto changing = allowing();
    changing.next = record;
    EXPECT_EQ(grantable_request(record, view, changing), std::nullopt);
}

TEST(StartPermit, IsNotGrantableToAnyoneButThePrimary) {
    const auto record = fixture::solo_record();
    auto view = view_with_request(record, 0);
    view.members["b"].connected = true;
    view.members["b"].observation = fixture::observed(record, "b");
    view.members["b"].observation->start_request = 7;
    EXPECT_EQ(grantable_request(record, view, allowing()), std::nullopt);
}

TEST(StartPermit, NeedsTheStoreToHoldTheRecordDecidedUpon) {
    const auto record = fixture::solo_record();
    const auto permit = permit_after_read(record, record, 7);
    ASSERT_TRUE(permit);
    EXPECT_EQ(permit->member, "a");
    EXPECT_EQ(permit->permit, (wire::StartPermit{7, record.epoch}));
    auto moved_on = record;
    moved_on.revision = next(record.revision);
    EXPECT_FALSE(permit_after_read(record, moved_on, 7));
    auto other_primary = record;
    other_primary.primary = "b";
    EXPECT_FALSE(permit_after_read(record, other_primary, 7));
}

TEST(StartPermit, FallsWithTheRecordTheRequestAndTheDecision) {
    auto record = fixture::solo_record();
    const auto permit = *permit_after_read(record, record, 7);
    EXPECT_TRUE(still_stands(permit, record, 7));
    EXPECT_FALSE(still_stands(permit, record, 8));
    EXPECT_FALSE(still_stands(permit, record, std::nullopt));
    record.revision = next(record.revision);
    EXPECT_FALSE(still_stands(permit, record, 7));
}

} // namespace
} // namespace lockstep
