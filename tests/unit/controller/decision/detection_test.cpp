// DESIGN.md 5, row by row, in both profiles: what happened, the evidence, the action, and the
// sentence that an operator reads of it.
#include <gtest/gtest.h>

#include "controller/decision/decide.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

constexpr Milliseconds a_moment{1};

class Detection : public testing::TestWithParam<Profile> {
protected:
    Detection() {
        in_sync_.policy.profile = GetParam();
        view_ = view_of(in_sync_);
        for (auto& [id, member] : view_.members) {
            member.observation->disk = {400U << 20U, 500U << 20U, 64U << 20U, {}, "/data"};
        }
    }
    [[nodiscard]] Timings timings() const { return timings_of(GetParam()); }
    [[nodiscard]] Decision decided() const { return decide(in_sync_, view_); }

    void expect(Action action, const std::vector<std::string>& words) const {
        const auto decision = decided();
        EXPECT_EQ(to_string(decision.action), to_string(action)) << decision.because;
        for (const auto& part : words) {
            EXPECT_NE(decision.because.find(part), std::string::npos)
                << "\"" << part << "\" is not in: " << decision.because;
        }
    }
    void expect_alarm_and_nothing_else(const std::vector<std::string>& words) const {
        expect(Action::stay, words);
        EXPECT_TRUE(decided().alarm) << decided().because;
        EXPECT_FALSE(decided().next);
    }

    MemberView& a() { return view_.members.at("a"); }
    MemberView& b() { return view_.members.at("b"); }
    Observation& a_says() { return told(view_, "a"); }
    Observation& b_says() { return told(view_, "b"); }

    void silence_agent(MemberView& member, Milliseconds since) { member.silent = since; }
    void lose_host_of_a(Milliseconds since) {
        silence_agent(a(), since);
        a().probe_failed = a().database_port_dead = since >= timings().dead_after;
        b_says().stream.silent = since;
    }
    void lose_acknowledgements(Milliseconds since) {
        a_says().acknowledgements.silent = since;
        a_says().acknowledgements.disk_proved = true;
        b_says().stream.silent = since;
    }

    PairRecord in_sync_ = in_sync_record();
    View view_;
};

INSTANTIATE_TEST_SUITE_P(Profiles, Detection, testing::Values(Profile::lan, Profile::wan),
                         [](const auto& of) {
                             return std::string(of.param == Profile::lan ? "Lan" : "Wan");
                         });

// "database process died" -------------------------------------------------------------------------

TEST_P(Detection, DatabaseProcessDiedFailsOverAtOnce) {
    a_says().server = ServerState::stopped;
    a_says().death = "process 7 was killed by signal 9";
    expect(Action::promote, {"a's database process is gone", "signal 9", "says its agent"});
}

// "host or power lost" ----------------------------------------------------------------------------

TEST_P(Detection, HostLostFailsOverAfterDeadAfter) {
    lose_host_of_a(timings().dead_after - a_moment);
    expect(Action::stay, {});
    lose_host_of_a(timings().dead_after);
    expect(Action::promote, {"a's agent is silent since", "port does not answer the controller",
                             "b hears nothing over the stream since"});
}

TEST_P(Detection, HostLostNeedsEachOfItsThreeWitnesses) {
    for (unsigned bits = 0; bits < 7; ++bits) {
        view_ = view_of(in_sync_);
        const auto long_ago = timings().dead_after;
        silence_agent(a(), (bits & 1U) != 0 ? long_ago : a_moment);
        a().probe_failed = a().database_port_dead = (bits & 2U) != 0;
        b_says().stream.silent = (bits & 4U) != 0 ? long_ago : a_moment;
        EXPECT_FALSE(decided().next) << bits << ": " << decided().because;
    }
}

TEST_P(Detection, HostLostIsNotConcludedFromAStreamThatBrokeJustNow) {
    lose_host_of_a(timings().dead_after);
    b_says().stream.connected = false;
    b_says().stream.silent = a_moment;
    expect_alarm_and_nothing_else({"b heard it over the stream", "no failover"});
}

TEST_P(Detection, FrozenHostIsOneWhoseStreamsQuestionIsUnanswered) {
    // Agent and database are both frozen; the kernel of their host goes on taking connections.
    silence_agent(a(), timings().frozen_after - a_moment);
    b_says().stream.silent = timings().frozen_after;
    expect_alarm_and_nothing_else({"its host still answers: no failover yet"});
    silence_agent(a(), timings().frozen_after);
    expect(Action::promote, {"frozen or cut off", "its last question unanswered"});
}

// "database hangs, storage stalls, read-only, full" -----------------------------------------------

TEST_P(Detection, DatabaseHangsFailsOverAfterStallAfter) {
    a_says().sql = {timings().stall_after - a_moment, "no answer yet"};
    b_says().stream.silent = timings().stall_after;
    expect(Action::stay, {});
    a_says().sql = {timings().stall_after, "no answer yet"};
    expect(Action::promote, {"a does not answer SQL since", "no answer yet", "says its agent"});
}

TEST_P(Detection, StorageStallsFailsOverAfterStallAfter) {
    a_says().fsync = {timings().stall_after, "no answer yet"};
    expect(Action::promote, {"a does not finish an fsync since"});
}

TEST_P(Detection, ReadOnlyFailsOverAfterStallAfter) {
    a_says().heartbeat = {timings().stall_after, "read-only file system"};
    expect(Action::promote, {"a does not finish a commit", "read-only file system"});
}

TEST_P(Detection, WaitingForTheStandbyIsNoStallHoweverLong) {
    // The heartbeat waits in SyncRep, which its agent reports as good: evidence about the standby.
    lose_acknowledgements(timings().solo_after - a_moment);
    a_says().heartbeat = {};
    expect_alarm_and_nothing_else({"both agents talk", "commits wait for it, until"});
}

TEST_P(Detection, REDTEAM_F19_StallIsSeenBeforeItsSilenceCountsAgainstTheStandby) {
    EXPECT_LT(timings().stall_after, timings().solo_after);
    a_says().acknowledgements.silent = timings().solo_after;
    a_says().acknowledgements.disk_proved = false;
    a_says().fsync = {timings().stall_after, "no answer yet"};
    expect(Action::promote, {"a does not finish an fsync"});
}

TEST_P(Detection, FullDiskFailsOverOnlyIfTheOtherSideHasMoreRoom) {
    a_says().disk = {3U << 20U, 500U << 20U, 0, timings().dead_after - a_moment, "/data"};
    expect(Action::stay, {});
    a_says().disk.full_for = timings().dead_after;
    expect(Action::promote, {"a's disk is full since", "3 MB of 500 MB free", "no ballast left",
                             "b has 464 MB left"});
    b_says().disk = {20U << 20U, 500U << 20U, 0, {}, "/data"};
    expect_alarm_and_nothing_else(
        {"a's disk is full", "b has 20 MB left, which is no better", "make room"});
    b_says().disk = {0, 500U << 20U, 0, timings().dead_after, "/data"};
    expect_alarm_and_nothing_else({"no failover; make room"});
    b_says().disk = {};
    expect_alarm_and_nothing_else({"b does not say how much room it has"});
}

TEST_P(Detection, FullDiskMakesNoStallOfCommitsThatFail) {
    a_says().disk = {0, 500U << 20U, 0, timings().solo_after, "/data"};
    b_says().disk = a_says().disk;
    a_says().heartbeat = {timings().solo_after, "No space left on device"};
    expect_alarm_and_nothing_else({"no failover; make room"});
    a_says().fsync = {timings().stall_after, "no answer yet"};
    EXPECT_NE(decided().because.find("a does not finish an fsync"), std::string::npos);
}

TEST_P(Detection, FullDiskOfASoloPrimaryLeavesItServing) {
    auto record = solo_record();
    a_says().disk = {0, 500U << 20U, 0, timings().solo_after, "/data"};
    told(view_, "b").stream.connected = false;
    const auto decision = decide(record, view_);
    EXPECT_EQ(decision.phase, Phase::solo);
    EXPECT_TRUE(decision.alarm);
    EXPECT_NE(decision.because.find("make room"), std::string::npos) << decision.because;
}

TEST_P(Detection, DatabaseThatDiedOfAFullDiskIsSucceededByAStandbyWithRoomOnly) {
    a_says().server = ServerState::stopped;
    a_says().death = "ended with status 1";
    a_says().disk = {0, 500U << 20U, 0, a_moment, "/data"};
    expect(Action::promote, {"a's database process is gone", "a's disk is full"});
    b_says().disk = {0, 500U << 20U, 0, a_moment, "/data"};
    expect_alarm_and_nothing_else({"cannot be promoted now", "b's disk is full"});
    EXPECT_TRUE(decided().may_start_primary); // In place, once there is room.
}

TEST_P(Detection, FullStandbyStillSucceedsAPrimaryWhoseHostIsLost) {
    b_says().disk = {0, 500U << 20U, 0, timings().dead_after, "/data"};
    lose_host_of_a(timings().dead_after);
    expect(Action::promote, {"b hears nothing over the stream"});
}

// "controller cut off from primary, stream alive" -------------------------------------------------

TEST_P(Detection, ControllerCutOffFromThePrimaryIsAnAlarmAndNoFailover) {
    silence_agent(a(), Milliseconds{60000});
    a().probe_failed = a().database_port_dead = true;
    b_says().stream.silent = Milliseconds{200};
    expect_alarm_and_nothing_else(
        {"a's agent is silent since 60.0 s", "b heard it over the stream 0.2 s ago: no failover"});
}

TEST_P(Detection, HungAgentIsAnAlarmAndNoFailover) {
    silence_agent(a(), Milliseconds{60000});
    b_says().stream.silent = Milliseconds{200};
    expect_alarm_and_nothing_else({"no failover"});
}

// "standby process died" --------------------------------------------------------------------------

TEST_P(Detection, StandbyProcessDiedLeavesThePrimaryAloneAtOnce) {
    b_says().server = ServerState::stopped;
    b_says().death = "process 8 was killed by signal 9";
    expect(Action::narrow,
           {"the primary goes on alone", "b's database process is gone", "signal 9"});
}

TEST_P(Detection, StandbyProcessDiedHoldsCommitsIfPolicySaysSo) {
    in_sync_.policy.when_standby_lost = WhenStandbyLost::wait;
    b_says().server = ServerState::stopped;
    expect_alarm_and_nothing_else({"by policy commits wait for it"});
}

// "standby's host lost" ---------------------------------------------------------------------------

TEST_P(Detection, REDTEAM_F19_StandbysHostLostLeavesThePrimaryAloneAfterDeadAfter) {
    const auto lost = [this](Milliseconds since, bool port, bool disk) {
        view_ = view_of(in_sync_);
        silence_agent(b(), since);
        b().database_port_dead = port;
        lose_acknowledgements(since);
        a_says().acknowledgements.disk_proved = disk;
        return decided().action == Action::narrow;
    };
    EXPECT_FALSE(lost(timings().dead_after - a_moment, true, true));
    EXPECT_FALSE(lost(timings().dead_after, false, true));
    EXPECT_FALSE(lost(timings().dead_after, true, false));
    EXPECT_TRUE(lost(timings().dead_after, true, true));
    expect(Action::narrow, {"b has acknowledged nothing since", "the primary's disk is good",
                            "its agent is silent", "port is dead"});
}

TEST_P(Detection, StandbysDeadAgentWhoseDatabaseAcknowledgesIsAnAlarm) {
    silence_agent(b(), Milliseconds{60000});
    b().connected = false;
    expect_alarm_and_nothing_else(
        {"b's agent is silent since 60.0 s", "but its database acknowledges"});
}

// "only the link between the two cut" -------------------------------------------------------------

TEST_P(Detection, REDTEAM_F19_CutLinkLeavesThePrimaryAloneAfterSoloAfter) {
    lose_acknowledgements(timings().solo_after - a_moment);
    expect_alarm_and_nothing_else({"both agents talk: commits wait for it, until"});
    lose_acknowledgements(timings().solo_after);
    expect(Action::narrow, {"b has acknowledged nothing since", "both agents talk",
                            "the link between the two is cut"});
    a_says().acknowledgements.disk_proved = false;
    expect_alarm_and_nothing_else({"the primary's own disk is not proved good since"});
}

TEST_P(Detection, CutLinkLetsNobodyInAgainWhoseStreamOnlySeemsConnected) {
    lose_acknowledgements(timings().solo_after);
    const auto narrowed = *decided().next;
    a_says().acknowledgements.name.clear(); // It waits for nobody any more.
    const auto after = decide(narrowed, view_);
    EXPECT_EQ(after.action, Action::stay) << after.because;
    EXPECT_NE(after.because.find("b: it hears nothing from the primary"), std::string::npos)
        << after.because;
}

TEST_P(Detection, CutLinkHoldsCommitsIfPolicySaysSo) {
    in_sync_.policy.when_standby_lost = WhenStandbyLost::wait;
    lose_acknowledgements(timings().solo_after);
    expect_alarm_and_nothing_else({"by policy commits wait for it"});
}

TEST_P(Detection, StandbyWhoseOwnAgentNamesTheTroubleIsLeftAfterDeadAfter) {
    const auto left = [this](auto trouble) {
        view_ = view_of(in_sync_);
        lose_acknowledgements(timings().dead_after);
        trouble(b_says());
        return decided();
    };
    const auto span = timings().dead_after;
    EXPECT_FALSE(left([](Observation&) {}).next);
    EXPECT_TRUE(left([&](Observation& b) { b.fsync.silent = span; }).next);
    EXPECT_TRUE(left([&](Observation& b) { b.sql.silent = span; }).next);
    const auto full = left([](Observation& b) { b.disk = {0, 500U << 20U, 0, a_moment, "/data"}; });
    EXPECT_EQ(full.action, Action::narrow);
    EXPECT_NE(full.because.find("b's disk is full"), std::string::npos) << full.because;
}

// "primary's engine dead, its agent alive, standby unreachable" -----------------------------------

TEST_P(Detection, EngineDeadAndStandbyUnreachableIsRestartedInPlaceBehindTheDoor) {
    a_says().server = ServerState::stopped;
    b().connected = false;
    silence_agent(b(), 2 * timings().dead_after - a_moment);
    expect(Action::wait, {"a's database process is gone", "waiting to hear from the standby"});
    EXPECT_FALSE(decided().may_start_primary);
    silence_agent(b(), 2 * timings().dead_after);
    expect_alarm_and_nothing_else({"a's database process is gone", "b's agent is not heard"});
    EXPECT_TRUE(decided().may_start_primary);
    // Up again, strict: now the standby is the one that is missing, and is left.
    a_says().server = ServerState::primary;
    b().database_port_dead = true;
    lose_acknowledgements(timings().dead_after);
    expect(Action::narrow, {"its agent is silent"});
}

// "both members lost, or the primary's agent silent too" ------------------------------------------

TEST_P(Detection, BothMembersLostIsAnAlarmAndNoDecision) {
    for (auto* member : {&a(), &b()}) {
        silence_agent(*member, Milliseconds{60000});
        member->connected = false;
        member->probe_failed = member->database_port_dead = true;
    }
    expect_alarm_and_nothing_else(
        {"a's agent is silent since 60.0 s", "b's agent is silent too", "Nothing is decided"});
}

TEST_P(Detection, StandbyDeadAndThePrimarysAgentSilentIsAnAlarmAndNoDecision) {
    silence_agent(a(), Milliseconds{60000});
    a().probe_failed = a().database_port_dead = true;
    b_says().server = ServerState::stopped;
    b_says().stream = {};
    expect_alarm_and_nothing_else({"b's database does not run either: no failover"});
}

// Every row but those that an agent tells at once waits for as long as its profile says.
TEST(DetectionProfiles, AWanWaitsLongerForEachKindOfSilence) {
    const auto lan = timings_of(Profile::lan);
    const auto wan = timings_of(Profile::wan);
    EXPECT_LT(lan.dead_after, wan.dead_after);
    EXPECT_LT(lan.stall_after, wan.stall_after);
    EXPECT_LT(lan.solo_after, wan.solo_after);
    EXPECT_LT(lan.frozen_after, wan.frozen_after);
    for (const auto& timings : {lan, wan}) { // F19, and a stream asks after five seconds.
        EXPECT_GE(timings.solo_after, timings.stall_after + Milliseconds{1000});
        EXPECT_GE(timings.frozen_after, Milliseconds{5000} + timings.dead_after);
    }
}

} // namespace
} // namespace lockstep
