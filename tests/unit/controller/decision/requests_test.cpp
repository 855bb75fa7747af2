#include "controller/decision/requests.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

FailoverRequest to(const MemberId& member) {
    return {member, false, "", "ann"};
}

TEST(Failover, WithoutATargetMeansTheInSyncStandby) {
    const auto record = in_sync_record();
    const auto asked = with_failover(record, view_of(record), to(""));
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->intent.kind, IntentKind::fail_over);
    EXPECT_EQ(asked->intent.member, "b");
}

/// It waits for the former primary or for an operator's word, if it may lack commits.
TEST(Failover, ToTheOneThatDoesNotPromoteItselfIsForcedByAnOperatorsWord) {
    const auto record = promoting_record();
    auto view = view_of(record);
    view.members.at("a").connected = false;
    auto request = to("b");
    EXPECT_FALSE(with_failover(record, view, request)) << "it is the primary already";
    request.accept_data_loss = true;
    request.fenced_by = "powered off";
    const auto asked = with_failover(record, view, request);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->intent.kind, IntentKind::force);
    EXPECT_EQ(asked->intent.member, "b");
    EXPECT_FALSE(with_failover(solo_record(), view, {"a", true, "powered off", "ann"}));
}

TEST(Failover, PGAF_A8_IsRefusedWhileNoStandbyIsInSyncAndSaysWhatElse) {
    const auto record = solo_record();
    const auto asked = with_failover(record, view_of(record), to("b"));
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, Errc::refused);
    EXPECT_NE(asked.error().message.find("--accept-data-loss --fenced-by"), std::string::npos);
}

TEST(Failover, AcceptingALossAlsoNeedsHowTheOldPrimaryWasStopped) {
    const auto record = solo_record();
    auto request = to("b");
    request.accept_data_loss = true;
    auto view = view_of(record);
    view.members.at("a").connected = false;
    EXPECT_FALSE(with_failover(record, view, request));
    request.fenced_by = "powered off";
    const auto asked = with_failover(record, view, request);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->intent.kind, IntentKind::force);
    // Not past a primary that serves, and not to a member that cannot take over now: an intent
    // that waits would strike later, out of the blue.
    EXPECT_FALSE(with_failover(record, view_of(record), request));
    view.members.at("b").connected = false;
    EXPECT_FALSE(with_failover(record, view, request));
}

TEST(Failover, APrimaryBehindItsShutDoorServesNobodyAndMayBeForcedPast) { // R9
    const auto record = solo_record();
    auto request = to("b");
    request.accept_data_loss = true;
    request.fenced_by = "stopped by hand";
    auto view = view_of(record);
    told(view, "a").door = "its standby does not stream from it";
    EXPECT_TRUE(with_failover(record, view, request));
    request.fenced_by = "";
    EXPECT_FALSE(with_failover(record, view, request))
        << "how it was stopped must be said all the same";
}

TEST(Failover, NobodyForcesPastAnInSyncStandby) {
    auto record = in_sync_record();
    record.members["c"] = member("c", "10.0.0.3");
    auto request = to("c");
    request.accept_data_loss = true;
    request.fenced_by = "powered off";
    EXPECT_FALSE(with_failover(record, view_of(record), request));
}

TEST(Failover, ToThePrimaryOrAStrangerIsRefused) {
    const auto record = in_sync_record();
    EXPECT_FALSE(with_failover(record, view_of(record), to("a")));
    EXPECT_EQ(with_failover(record, view_of(record), to("z")).error().code, Errc::unreachable);
}

TEST(Failover, ToAStandbyThatIsDownIsRefusedWithTheReason) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    const auto asked = with_failover(record, view, to(""));
    ASSERT_FALSE(asked);
    EXPECT_NE(asked.error().message.find("not a running standby"), std::string::npos);
}

TEST(Failover, REDTEAM_F23_BackToTheFormerAsksTheNewOneToStandDown) {
    const auto record = promoting_record();
    const auto asked = with_failover(record, view_of(record), to("a"));
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->intent.kind, IntentKind::give_back);
    EXPECT_EQ(goal_for(*asked, "b").role, Role::none);
}

TEST(Members, ThePrimaryCannotBeTakenOut) {
    EXPECT_FALSE(without_member(in_sync_record(), "a", "ann"));
    EXPECT_TRUE(without_member(in_sync_record(), "b", "ann"));
    EXPECT_EQ(without_member(in_sync_record(), "z", "ann").error().code, Errc::unreachable);
}

TEST(Members, AMemberIsAddedOnce) {
    EXPECT_TRUE(with_member(solo_record(), member("c", "10.0.0.3")));
    EXPECT_FALSE(with_member(solo_record(), member("b", "10.0.0.2")));
}

TEST(Requests, AnySwapWhileGrantedDropsTheGrant) {
    const auto record = granted_record();
    EXPECT_FALSE(with_paused(record, true)->grant);
    EXPECT_FALSE(with_member(record, member("c", "10.0.0.3"))->grant);
    EXPECT_FALSE(without_member(record, "b", "ann")->grant);
}

TEST(Create, NamesWhatIsWrong) {
    CreatePair request{"shop", "postgresql", "a", {member("a", "10.0.0.1")}, {}, {}};
    EXPECT_EQ(first_record(request, Epoch{7})->epoch, Epoch{7});
    request.pair = "Shop";
    EXPECT_FALSE(first_record(request, Epoch{1}));
    request.pair = "shop";
    request.primary = "z";
    EXPECT_FALSE(first_record(request, Epoch{1}));
    request.primary = "a";
    request.policy.dns_ttl_seconds = 60;
    EXPECT_FALSE(first_record(request, Epoch{1}));
    request.policy.dns_ttl_seconds = 2;
    request.members.push_back(member("a", "10.0.0.1"));
    EXPECT_FALSE(first_record(request, Epoch{1}));
}

TEST(Requests, AScheduleKeepsWhatIsNotNamed) {
    auto record = fixture::in_sync_record();
    record.policy.snapshots = {14, 2, "23:30-00:30", "Europe/Berlin", true};
    ScheduleChange change;
    change.window = "04:30-05:30";
    auto after = with_schedule(record, change);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->policy.snapshots,
              (SnapshotPolicy{14, 2, "04:30-05:30", "Europe/Berlin", true}));
    change = {0, 0, {}, "UTC", false};
    after = with_schedule(record, change);
    EXPECT_EQ(after->policy.snapshots, (SnapshotPolicy{0, 0, "23:30-00:30", "UTC", false}));
    EXPECT_FALSE(with_schedule(record, {}));
}

} // namespace
} // namespace lockstep
