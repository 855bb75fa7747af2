// What each swap makes of the record, and that what decide() returns can be stored.
#include "controller/decision/decide.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

TEST(Decide, R2_PromotesWithOneSwapThatNamesOnlyTheStandby) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").server = ServerState::stopped;
    told(view, "a").death = "killed by signal 9";
    const auto decision = decide(record, view);
    ASSERT_TRUE(decision.next);
    EXPECT_EQ(decision.next->epoch, Epoch{2});
    EXPECT_EQ(decision.next->primary, "b");
    EXPECT_EQ(decision.next->former, "a");
    EXPECT_FALSE(decision.next->served);
    EXPECT_FALSE(decision.next->grant);
    EXPECT_EQ(decision.next->in_sync.size(), 1U);
    EXPECT_TRUE(decision.next->in_sync.contains("b"));
    EXPECT_FALSE(decision.may_start_primary);
    ASSERT_EQ(decision.events.size(), 1U);
    EXPECT_EQ(decision.events[0].kind, "promote");
    EXPECT_EQ(decision.events[0].message,
              "the primary failed; the standby has every acknowledged commit: a's database "
              "process is gone (killed by signal 9), says its agent; epoch 2, a → b");
}

TEST(Decide, LeavesAHealthyPairAlone) {
    const auto record = in_sync_record();
    const auto decision = decide(record, view_of(record));
    EXPECT_FALSE(decision.next);
    EXPECT_TRUE(decision.events.empty());
    EXPECT_EQ(decision.because, "primary and standby in step");
}

TEST(Decide, R3_NarrowsToThePrimaryAloneAndCountsTheLoss) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    const auto decision = decide(record, view);
    ASSERT_TRUE(decision.next);
    EXPECT_EQ(phase_of(*decision.next), Phase::solo);
    EXPECT_EQ(decision.next->hold_down.losses, 1U);
    EXPECT_EQ(decision.next->hold_down.last_loss_unix_ms, view.unix_ms);
    EXPECT_EQ(sync_name_of(*decision.next), "");
}

TEST(Decide, R4_AGrantThenAWideningKeepTheNameMadeForTheGrant) {
    auto record = solo_record();
    auto view = view_of(record);
    const auto granting = decide(record, view);
    ASSERT_TRUE(granting.next);
    auto granted = *granting.next;
    granted.revision = Revision{42}; // The store gives it.
    EXPECT_EQ(phase_of(granted), Phase::granted);
    EXPECT_EQ(sync_name_of(granted), "ls_b_42");
    EXPECT_EQ(granted.members.at("b").data_id, "data-b");

    auto later = view_of(granted);
    told(later, "a").barrier = Barrier{Revision{42}, "ls_b_42", {first_history, 900}};
    const auto widening = decide(granted, later);
    ASSERT_TRUE(widening.next);
    auto wide = *widening.next;
    wide.revision = Revision{43};
    EXPECT_EQ(phase_of(wide), Phase::in_sync);
    EXPECT_EQ(sync_name_of(wide), "ls_b_42");
    EXPECT_EQ(goal_for(wide, "b").sync_name, "ls_b_42");
}

TEST(Decide, AServingPrimaryTakesItsDataIdIntoTheRecord) { // R11
    const auto record = forming_record();
    auto view = view_of(record);
    told(view, "a").server = ServerState::primary;
    told(view, "a").serving = Epoch{1};
    const auto decision = decide(record, view);
    ASSERT_TRUE(decision.next);
    EXPECT_TRUE(decision.next->served);
    EXPECT_EQ(decision.next->members.at("a").data_id, "data-a");
}

TEST(Decide, R5_AFailedSoloPrimaryMayBeStartedAndIsShownStranded) {
    const auto record = solo_record();
    auto view = view_of(record);
    told(view, "a").server = ServerState::stopped;
    const auto decision = decide(record, view);
    EXPECT_FALSE(decision.next);
    EXPECT_TRUE(decision.may_start_primary);
    EXPECT_TRUE(decision.alarm);
    EXPECT_EQ(decision.phase, Phase::stranded);
}

TEST(Decide, R5_APrimaryIsNotStartedWhileItsStandbyMayBePromoted) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").server = ServerState::stopped;
    EXPECT_FALSE(decide(record, view).may_start_primary);
    view.members.at("b").connected = false;
    view.members.at("b").silent = Milliseconds{500};
    EXPECT_FALSE(decide(record, view).may_start_primary);
    view.members.at("b").silent = Milliseconds{60000};
    EXPECT_TRUE(decide(record, view).may_start_primary);
}

TEST(Decide, AForcedFailoverSaysWhoAskedAndHowTheOldPrimaryWasStopped) {
    auto record = solo_record();
    record.intent = {IntentKind::force, "b", "pulled the plug", "ann"};
    auto view = view_of(record);
    view.members.at("a").connected = false;
    const auto decision = decide(record, view);
    ASSERT_TRUE(decision.next);
    EXPECT_EQ(decision.next->primary, "b");
    EXPECT_NE(decision.events[0].message.find("asked by ann"), std::string::npos);
    EXPECT_NE(decision.events[0].message.find("pulled the plug"), std::string::npos);
}

TEST(Decide, AFailoverThatWasAskedForDoesNotOutliveItsStandby) {
    auto record = in_sync_record();
    record.intent = {IntentKind::fail_over, "b", "", "ann"};
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    const auto decision = decide(record, view);
    ASSERT_TRUE(decision.next);
    EXPECT_EQ(decision.action, Action::narrow);
    EXPECT_EQ(decision.next->intent, Intent{});
}

TEST(Decide, AnOperatorsRemovalIsNoLoss) {
    auto record = in_sync_record();
    record.intent = {IntentKind::remove, "b", "", "ann"};
    const auto narrowing = decide(record, view_of(record));
    ASSERT_TRUE(narrowing.next);
    EXPECT_EQ(narrowing.next->hold_down.losses, 0U);
    auto solo = *narrowing.next;
    solo.revision = Revision{11};
    const auto dropping = decide(solo, view_of(solo));
    ASSERT_TRUE(dropping.next);
    EXPECT_FALSE(dropping.next->members.contains("b"));
    EXPECT_EQ(dropping.next->intent, Intent{});
}

TEST(Decide, EveryNextRecordIsSoundAndInThePhaseThatItsRuleNames) {
    const PairRecord records[] = {forming_record(), solo_record(), granted_record(),
                                  in_sync_record(), promoting_record()};
    int swaps = 0;
    for (const auto& base : records) {
        for (unsigned bits = 0; bits < 2048; ++bits) {
            auto record = base;
            if ((bits & 1U) != 0) {
                record.intent = {IntentKind::fail_over, "b", "", "op"};
            } else if ((bits & 2U) != 0) {
                record.intent = {IntentKind::remove, "b", "", "op"};
            } else if ((bits & 4U) != 0) {
                record.intent = {IntentKind::give_back, "a", "", "op"};
            } else if ((bits & 512U) != 0) {
                record.intent = {IntentKind::switch_over, "b", "", "op", now_unix_ms};
            }
            if (record.intent.member == record.primary) {
                continue;
            }
            auto view = view_of(record);
            auto& primary = told(view, record.primary);
            auto& other = told(view, record.primary == "a" ? "b" : "a");
            primary.server = (bits & 8U) != 0 ? ServerState::stopped : ServerState::primary;
            primary.serving = (bits & 16U) != 0 ? record.epoch : Epoch{0};
            primary.never_promoted = (bits & 32U) != 0;
            other.server = (bits & 64U) != 0 ? ServerState::stopped : ServerState::standby;
            primary.lowered = (bits & 128U) != 0 ? "someone" : "";
            if ((bits & 256U) != 0) {
                primary.barrier =
                    Barrier{record.revision, sync_name_of(record), {first_history, 900}};
            }
            if ((bits & 1024U) != 0) {
                primary.hand_over =
                    HandOver{record.revision, HandOverStage::stopped, {}, {first_history, 900}, ""};
            }
            const auto decision = decide(record, view);
            if (!decision.next) {
                continue;
            }
            ++swaps;
            EXPECT_TRUE(check(*decision.next)) << decision.because;
            const auto shown = decision.phase == Phase::stranded ? Phase::solo : decision.phase;
            EXPECT_EQ(phase_of(*decision.next), shown) << decision.because;
            EXPECT_GE(decision.next->epoch, record.epoch);
            EXPECT_EQ(decision.events.size(), 1U);
            EXPECT_FALSE(decision.may_start_primary);
        }
    }
    EXPECT_GT(swaps, 1200);
}

} // namespace
} // namespace lockstep
