// A standby that was restarted in a pair whose commits wait for it by policy: let in anew, while
// nobody stops waiting (docs/decisions/0021).
#include <gtest/gtest.h>

#include "controller/decision/decide.h"
#include "core/wire/json.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

PairRecord waiting_record() {
    auto record = in_sync_record();
    record.policy.when_standby_lost = WhenStandbyLost::wait;
    record.in_sync["b"].start = "1.1";
    return record;
}

/// b was restarted, streams under the name that it was granted, and has caught up.
View restarted(const PairRecord& record, const std::string& start = "2.1") {
    auto view = view_of(record);
    told(view, "b").start = start;
    return view;
}

/// The store gives it.
PairRecord stored(PairRecord record, std::uint64_t revision) {
    record.revision = Revision{revision};
    return record;
}

PairRecord renewing_record() {
    const auto record = waiting_record();
    return stored(*decide(record, restarted(record)).next, 42);
}

View past_barrier(const PairRecord& record) {
    auto view = restarted(record);
    told(view, "a").barrier = Barrier{record.revision, sync_name_of(record), {first_history, 900}};
    return view;
}

TEST(Renewal, IsBegunOnceTheRestartedStandbyHasCaughtUp) {
    const auto record = waiting_record();
    const auto decision = decide(record, restarted(record));
    EXPECT_EQ(decision.action, Action::renew) << decision.because;
    EXPECT_NE(decision.because.find("b's database was restarted"), std::string::npos);
    ASSERT_TRUE(decision.next);
    EXPECT_EQ(phase_of(*decision.next), Phase::in_sync) << "commits never stop waiting";
    EXPECT_EQ(decision.next->in_sync.at("b").start, "1.1") << "nothing is promised by it yet";
    EXPECT_EQ(decision.next->in_sync.at("b").next_start, "2.1");
    EXPECT_TRUE(check(*decision.next));
}

TEST(Renewal, MakesANameOfItsOwnAndHasItsEffectProvedAsAGrantDoes) {
    const auto renewing = renewing_record();
    EXPECT_EQ(sync_name_of(renewing), "ls_b_42");
    EXPECT_EQ(goal_for(renewing, "b").sync_name, "ls_b_42");
    EXPECT_TRUE(goal_for(renewing, "a").prove);
    EXPECT_TRUE(goal_for(renewing, "b").hold_replay);
    EXPECT_TRUE(goal_for(renewing, "b").data_protected); // R10
    EXPECT_FALSE(goal_for(waiting_record(), "a").prove);
}

TEST(Renewal, EndsPastTheBarrierAndKeepsTheName) {
    const auto renewing = renewing_record();
    const auto decision = decide(renewing, past_barrier(renewing));
    EXPECT_EQ(decision.action, Action::confirm) << decision.because;
    ASSERT_TRUE(decision.next);
    const auto renewed = stored(*decision.next, 43);
    EXPECT_EQ(renewed.in_sync.at("b"), (Promise{Revision{42}, "2.1", {}, false}));
    EXPECT_EQ(sync_name_of(renewed), "ls_b_42");
    const auto after = decide(renewed, restarted(renewed));
    EXPECT_FALSE(after.next) << after.because;
    EXPECT_FALSE(after.alarm) << after.because;
}

TEST(Renewal, R4_NothingShortOfTheBarrierEndsIt) {
    const auto renewing = renewing_record();
    const auto still_waits = [&](auto change) {
        auto view = past_barrier(renewing);
        change(view);
        const auto decision = decide(renewing, view);
        EXPECT_NE(decision.action, Action::confirm) << decision.because;
        return decision;
    };
    still_waits([](View& view) { told(view, "a").barrier.reset(); });
    still_waits([](View& view) { told(view, "a").barrier->revision = Revision{41}; });
    still_waits([](View& view) { told(view, "a").barrier->name = "ls_b_9"; });
    still_waits([](View& view) { told(view, "a").accepted = Revision{41}; });
    still_waits([](View& view) { told(view, "b").accepted = Revision{41}; });
    still_waits([](View& view) { told(view, "b").position.offset_bytes = 899; });
    still_waits([](View& view) { told(view, "b").position.history = {"2"}; });
    still_waits([](View& view) { told(view, "b").stream.name = "ls_b_9"; });
    still_waits([](View& view) { told(view, "b").stream.connected = false; });
    still_waits([](View& view) { told(view, "b").unfit = "nothing is replayed"; });
    still_waits([](View& view) { told(view, "b").data_id = "another"; });
    still_waits([](View& view) { told(view, "b").server = ServerState::stopped; });
    still_waits([](View& view) { view.members.at("b").connected = false; });
    const auto said = still_waits([](View& view) { told(view, "a").barrier.reset(); });
    EXPECT_TRUE(said.alarm);
    EXPECT_NE(said.because.find("by policy commits wait for it"), std::string::npos);
    EXPECT_NE(said.because.find("not yet seen to hold a commit"), std::string::npos)
        << said.because;
}

TEST(Renewal, IsBegunAnewForEachRestart) {
    const auto renewing = renewing_record();
    const auto decision = decide(renewing, restarted(renewing, "3.1"));
    EXPECT_EQ(decision.action, Action::renew) << decision.because;
    EXPECT_EQ(decision.next->in_sync.at("b").next_start, "3.1");
}

TEST(Renewal, R2_TheStandbyIsNotPromotedWhileItLasts) {
    const auto renewing = renewing_record();
    for (const auto& record : {waiting_record(), renewing}) {
        auto view = past_barrier(record);
        told(view, "a").server = ServerState::stopped;
        const auto decision = decide(record, view);
        EXPECT_EQ(decision.action, Action::stay) << decision.because;
        EXPECT_TRUE(decision.may_start_primary) << decision.because; // R5: strict, by the record.
        EXPECT_NE(decision.because.find("restarted, which ended its promise"), std::string::npos);
    }
}

TEST(Renewal, WaitsForWhatAGrantWaitsForAndSaysSo) {
    const auto record = waiting_record();
    const auto waits = [&](auto change, const std::string& words) {
        auto view = restarted(record);
        change(told(view, "b"));
        const auto decision = decide(record, view);
        EXPECT_EQ(decision.action, Action::stay) << decision.because;
        EXPECT_TRUE(decision.alarm);
        EXPECT_NE(decision.because.find("commits wait for it"), std::string::npos)
            << decision.because;
        EXPECT_NE(decision.because.find("not let in again yet: " + words), std::string::npos)
            << decision.because;
    };
    waits([](Observation& b) { b.stream.connected = false; }, "it does not stream");
    waits([](Observation& b) { b.position.history = {"2"}; }, "it is not on the primary's history");
    // Its promise ended before: that it is unfit lowers nothing.
    waits([](Observation& b) { b.unfit = "nothing is replayed"; }, "nothing is replayed");
}

TEST(Renewal, R13_AStandbyThatPromisesAndIsUnfitIsLeftAtOnce) {
    const auto record = waiting_record();
    auto view = restarted(record, "1.1");
    told(view, "b").unfit = "nothing is replayed";
    EXPECT_EQ(decide(record, view).action, Action::narrow);
}

TEST(Renewal, IsNoneWherePrimariesGoOnAlone) {
    auto record = waiting_record();
    record.policy.when_standby_lost = WhenStandbyLost::go_on;
    EXPECT_EQ(decide(record, restarted(record)).action, Action::narrow);
    auto renewing = renewing_record();
    renewing.policy.when_standby_lost = WhenStandbyLost::go_on;
    EXPECT_EQ(decide(renewing, restarted(renewing)).action, Action::narrow);
    EXPECT_EQ(sync_name_of(*decide(renewing, restarted(renewing)).next), "");
}

TEST(Renewal, ARecordOfBeforeItIsReadAsOneWithout) {
    const nlohmann::json kept = {{"granted_at", 9}, {"start", "1.1"}};
    EXPECT_EQ(kept.get<Promise>(), (Promise{Revision{9}, "1.1", {}, false}));
}

// Forced failovers ----------------------------------------------------------------------------

TEST(Forced, TellsTheNewPrimaryThatItsLossIsAcceptedAndNobodyElse) {
    auto record = in_sync_record();
    record.intent = {IntentKind::force, "b", "pulled the plug", "ann"};
    auto view = view_of(record);
    view.members.at("a").connected = false;
    told(view, "b").start = "restarted";
    const auto forced = decide(record, view);
    ASSERT_EQ(forced.action, Action::force) << forced.because;
    EXPECT_TRUE(goal_for(*forced.next, "b").may_lack);
    auto served = *forced.next;
    served.served = true;
    EXPECT_FALSE(goal_for(served, "b").may_lack) << "it asks only once";

    auto plain = in_sync_record();
    view = view_of(plain);
    told(view, "a").server = ServerState::stopped;
    EXPECT_FALSE(goal_for(*decide(plain, view).next, "b").may_lack);
    auto back = promoting_record();
    back.intent = {IntentKind::give_back, "a", "", "ann"};
    EXPECT_FALSE(goal_for(apply(Action::give_back, back, {}, view), "a").may_lack);
}

TEST(Forced, AgainTowardsTheSameMemberKeepsTheFormerOne) {
    auto record = promoting_record();
    record.intent = {IntentKind::force, "b", "it burnt", "ann"};
    auto view = view_of(record);
    view.members.at("a").connected = false;
    const auto forced = decide(record, view);
    ASSERT_EQ(forced.action, Action::force) << forced.because;
    EXPECT_EQ(forced.next->primary, "b");
    EXPECT_EQ(forced.next->former, "a");
    EXPECT_EQ(forced.next->epoch, Epoch{3});
    EXPECT_TRUE(goal_for(*forced.next, "b").may_lack);
}

} // namespace
} // namespace lockstep
