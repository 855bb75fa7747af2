// What the controller makes of a planned switchover, step by step (DESIGN.md 6, REDTEAM F22).
#include "controller/decision/switchover.h"

#include <gtest/gtest.h>

#include "controller/decision/decide.h"
#include "controller/decision/requests.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

PairRecord switching_record() {
    auto record = in_sync_record();
    record.intent = {IntentKind::switch_over, "b", "", "ann", now_unix_ms};
    return record;
}

HandOver at(HandOverStage stage, Milliseconds in_stage = Milliseconds{0}) {
    HandOver told;
    told.revision = Revision{10};
    told.stage = stage;
    told.in_stage = in_stage;
    if (stage == HandOverStage::stopped) {
        told.end = {first_history, 1000};
    }
    return told;
}

/// The primary's agent says how far it is; a server that stops or has stopped is down.
View view_at(const PairRecord& record, const HandOver& told_by_primary) {
    auto view = view_of(record);
    auto& primary = told(view, "a");
    primary.hand_over = told_by_primary;
    if (told_by_primary.stage == HandOverStage::stopping) {
        primary.server = ServerState::starting;
    } else if (told_by_primary.stage == HandOverStage::stopped) {
        primary.server = ServerState::stopped;
    }
    primary.serving = primary.server == ServerState::primary ? primary.serving : Epoch{0};
    return view;
}

Decision decided(const HandOver& told_by_primary) {
    const auto record = switching_record();
    return decide(record, view_at(record, told_by_primary));
}

TEST(Switchover, WaitsInEveryStageAndStartsNobodyMeanwhile) {
    for (const auto stage :
         {HandOverStage::preparing, HandOverStage::draining, HandOverStage::stopping}) {
        const auto decision = decided(at(stage, Milliseconds{4000}));
        EXPECT_EQ(decision.action, Action::wait) << to_string(stage) << decision.because;
        EXPECT_FALSE(decision.may_start_primary) << to_string(stage);
        EXPECT_FALSE(decision.alarm) << to_string(stage);
    }
}

TEST(Switchover, PromotesOnceTheStandbyHasAllThatTheStoppedPrimaryWrote) {
    const auto decision = decided(at(HandOverStage::stopped));
    ASSERT_TRUE(decision.next) << decision.because;
    EXPECT_EQ(decision.action, Action::promote);
    EXPECT_EQ(decision.next->primary, "b");
    EXPECT_EQ(decision.next->intent, Intent{});
    EXPECT_EQ(decision.next->hold_down.losses, 0U);
    EXPECT_EQ(decision.next->in_sync.size(), 1U);
    EXPECT_NE(decision.events.at(0).message.find("asked for a switchover"), std::string::npos);
}

TEST(Switchover, REDTEAM_F22_NeverPromotesPastAPrimaryThatHasMore) {
    const auto record = switching_record();
    auto view = view_at(record, at(HandOverStage::stopped));
    told(view, "a").hand_over->end.offset_bytes = 1001;
    EXPECT_EQ(decide(record, view).action, Action::wait);
    told(view, "a").hand_over->in_stage = Milliseconds{1000};
    const auto given_up = decide(record, view);
    EXPECT_EQ(given_up.action, Action::cancel);
    ASSERT_TRUE(given_up.next);
    EXPECT_EQ(given_up.next->primary, "a");

    auto after = *given_up.next; // Its server is down; that alone is no failure for a while.
    after.revision = Revision{11};
    auto later = view;
    told(later, "a").accepted = told(later, "b").accepted = Revision{11};
    const auto given_back = decide(after, later);
    EXPECT_EQ(given_back.action, Action::stay) << given_back.because;
    EXPECT_TRUE(given_back.may_start_primary);
    told(later, "a").hand_over->in_stage = Milliseconds{20000};
    EXPECT_EQ(decide(after, later).action, Action::promote) << "it did not come back";
}

TEST(Switchover, REDTEAM_F22_ComparesPositionsOfOneHistoryOnly) {
    const auto record = switching_record();
    auto view = view_at(record, at(HandOverStage::stopped));
    told(view, "b").position.history = History{"1@0/5 2"};
    EXPECT_EQ(decide(record, view).action, Action::wait);
}

TEST(Switchover, CountsOnlyWhatWasDoneUnderThisVeryRevision) {
    auto record = switching_record();
    auto view = view_at(record, at(HandOverStage::stopped));
    told(view, "a").hand_over->revision = Revision{9};
    EXPECT_EQ(decide(record, view).action, Action::wait);
    view = view_at(record, at(HandOverStage::stopped));
    told(view, "a").accepted = Revision{9};
    EXPECT_EQ(decide(record, view).action, Action::wait);
}

TEST(Switchover, GivesBackWhatThePrimaryCannotFinish) {
    for (const auto stage : {HandOverStage::preparing, HandOverStage::draining,
                             HandOverStage::stopping, HandOverStage::stopped}) {
        auto told_by_primary = at(stage);
        told_by_primary.trouble = "its sessions do not end";
        const auto decision = decided(told_by_primary);
        EXPECT_EQ(decision.action, Action::cancel) << to_string(stage);
        EXPECT_NE(decision.because.find("its sessions do not end"), std::string::npos);
    }
}

TEST(Switchover, IsGivenUpInEveryStageThatTakesTooLong) {
    EXPECT_EQ(decided(at(HandOverStage::preparing, Milliseconds{300000})).action, Action::wait);
    EXPECT_EQ(decided(at(HandOverStage::preparing, Milliseconds{1000000})).action, Action::cancel);
    EXPECT_EQ(decided(at(HandOverStage::draining, Milliseconds{11000})).action, Action::cancel);
    EXPECT_EQ(decided(at(HandOverStage::stopping, Milliseconds{11000})).action, Action::cancel);
    const auto record = switching_record();
    auto view = view_of(record); // Nothing was heard of it yet.
    EXPECT_EQ(decide(record, view).action, Action::wait);
    view.unix_ms += 11000;
    EXPECT_EQ(decide(record, view).action, Action::cancel);
}

TEST(Switchover, IsGivenUpWhenTheStandbyFails) {
    for (const auto stage : {HandOverStage::preparing, HandOverStage::draining,
                             HandOverStage::stopping, HandOverStage::stopped}) {
        const auto record = switching_record();
        auto view = view_at(record, at(stage));
        told(view, "b").server = ServerState::stopped;
        EXPECT_EQ(decide(record, view).action, Action::cancel) << to_string(stage);
        view = view_at(record, at(stage));
        view.members.at("b").connected = false;
        EXPECT_EQ(decide(record, view).action, Action::cancel) << to_string(stage);
    }
    const auto record = switching_record();
    auto view = view_at(record, at(HandOverStage::preparing)); // Commits wait for a frozen one.
    auto& acks = told(view, "a").acknowledgements;
    acks.silent = Milliseconds{5000};
    acks.disk_proved = true;
    EXPECT_EQ(decide(record, view).action, Action::cancel);
}

TEST(Switchover, BecomesAFailoverWhenThePrimaryFailsInTheMiddle) {
    const auto record = switching_record();
    auto died = view_at(record, at(HandOverStage::preparing));
    told(died, "a").server = ServerState::stopped;
    EXPECT_EQ(decide(record, died).action, Action::promote);
    auto told_so = died; // Its agent found that it was not shut down cleanly.
    told(told_so, "a").hand_over->trouble = "it died";
    EXPECT_EQ(decide(record, told_so).action, Action::promote);

    auto host_lost = view_at(record, at(HandOverStage::stopping));
    auto& primary = host_lost.members.at("a");
    primary.connected = false;
    primary.silent = Milliseconds{2000};
    primary.probe_failed = primary.database_port_dead = true;
    told(host_lost, "b").stream.connected = false;
    told(host_lost, "b").stream.silent = Milliseconds{2000};
    EXPECT_EQ(decide(record, host_lost).action, Action::promote);
}

TEST(Switchover, EndsWithTheStandbysPlaceInTheInSyncSet) {
    const auto record = switching_record();
    auto view = view_at(record, at(HandOverStage::preparing));
    told(view, "a").lowered = "somebody set synchronous_commit";
    const auto decision = decide(record, view);
    EXPECT_EQ(decision.action, Action::narrow);
    EXPECT_EQ(decision.next->intent, Intent{});
}

TEST(Switchover, IsAGoalOfThePrimaryAndOfTheStandbyItIsFor) { // R7
    auto record = switching_record();
    record.members["c"] = member("c", "10.0.0.3");
    EXPECT_TRUE(goal_for(record, "a").hand_over);
    EXPECT_FALSE(goal_for(record, "a").take_over);
    EXPECT_TRUE(goal_for(record, "b").take_over);
    EXPECT_FALSE(goal_for(record, "c").take_over);
    record.in_sync.erase("b");
    EXPECT_FALSE(goal_for(record, "a").hand_over);
    EXPECT_FALSE(goal_for(in_sync_record(), "a").hand_over);
}

// The request -------------------------------------------------------------------------------------

SwitchoverRequest to(const MemberId& member) {
    return {member, "ann"};
}

void expect_refused(const PairRecord& record, const View& view, const SwitchoverRequest& request,
                    const std::string& part) {
    const auto asked = with_switchover(record, view, request);
    ASSERT_FALSE(asked) << part;
    EXPECT_EQ(asked.error().code, Errc::refused);
    EXPECT_NE(asked.error().message.find(part), std::string::npos) << asked.error().message;
}

TEST(SwitchoverRequest, NamesTheInSyncStandbyAndWhenItWasAsked) {
    for (const auto* target : {"", "b"}) {
        const auto record = in_sync_record();
        const auto asked = with_switchover(record, view_of(record), to(target));
        ASSERT_TRUE(asked) << asked.error().message;
        const Intent wanted{IntentKind::switch_over, "b", "", "ann", now_unix_ms};
        EXPECT_EQ(asked->intent, wanted);
    }
    auto paused = in_sync_record(); // An operator's own act, as a failover is.
    paused.paused = true;
    EXPECT_TRUE(with_switchover(paused, view_of(paused), to("b")));
}

TEST(SwitchoverRequest, IsRefusedWithTheReasonUnlessBothAreWell) {
    for (const auto& record : {solo_record(), granted_record(), promoting_record()}) {
        expect_refused(record, view_of(record), to(""), "not in sync");
    }
    auto record = in_sync_record();
    expect_refused(record, view_of(record), to("a"), "the primary already");
    EXPECT_EQ(with_switchover(record, view_of(record), to("z")).error().code, Errc::unreachable);
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    expect_refused(record, view, to(""), "not a running standby");
    view = view_of(record);
    told(view, "b").stream.connected = false;
    expect_refused(record, view, to(""), "does not stream");
    view = view_of(record);
    told(view, "b").unreplayed_bytes = 17U << 20U;
    expect_refused(record, view, to(""), "still to replay");
    told(view, "b").unreplayed_bytes = 10001;
    EXPECT_TRUE(with_switchover(record, view, to("")));
    told(view, "b").unit = Unit::transactions;
    expect_refused(record, view, to(""), "10001 transactions still to replay");
    view = view_of(record);
    told(view, "a").serving = Epoch{0};
    expect_refused(record, view, to(""), "fail over instead");
    record.intent = {IntentKind::remove, "c", "", "bob"};
    expect_refused(record, view_of(record), to(""), "what bob asked for");
    record = in_sync_record();
    record.members["c"] = member("c", "10.0.0.3");
    expect_refused(record, view_of(record), to("c"), "only b is in sync");
}

} // namespace
} // namespace lockstep
