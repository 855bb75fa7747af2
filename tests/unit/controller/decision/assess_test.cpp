// Each fact from a healthy pair in which one thing is changed.
#include <gtest/gtest.h>

#include "controller/decision/evidence.h"
#include "controller/decision/facts.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

TEST(Assess, AHealthyPairInSyncShowsNothingButAPromotableStandby) {
    const auto record = in_sync_record();
    const auto facts = assess(record, view_of(record)).facts;
    Facts expected;
    expected.may_go_alone = true;
    expected.primary_serves = true;
    expected.standby_promotable = true;
    expected.candidate_ready = true; // Asked for only while solo.
    EXPECT_EQ(facts, expected);
}

TEST(Assess, IsPure) {
    const auto record = in_sync_record();
    const auto view = view_of(record);
    EXPECT_EQ(assess(record, view).facts, assess(record, view).facts);
}

// R12 -----------------------------------------------------------------------------------------

TEST(Halt, AHigherRevisionAtAnyAgentHaltsThePair) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").accepted = Revision{11};
    const auto seen = assess(record, view);
    EXPECT_TRUE(seen.facts.halted);
    EXPECT_NE(seen.halt_evidence.find("revision 11"), std::string::npos) << seen.halt_evidence;
}

TEST(Halt, AnotherStoreHaltsThePair) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").store_id = "another";
    EXPECT_TRUE(assess(record, view).facts.halted);
}

TEST(Halt, AnOlderRevisionDoesNot) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").accepted = Revision{3};
    EXPECT_FALSE(assess(record, view).facts.halted);
}

TEST(Halt, CountsEvenFromAnAgentThatIsSilentNow) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").accepted = Revision{11};
    view.members.at("b").connected = false;
    EXPECT_TRUE(assess(record, view).facts.halted);
}

// The primary's failure, row by row of DESIGN.md 5 ----------------------------------------------

TEST(PrimaryFailure, ADeadProcessToldByItsAgentIsCertainAtOnce) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").server = ServerState::stopped;
    told(view, "a").death = "killed by signal 9";
    const auto failure = primary_failure(record, view);
    EXPECT_TRUE(failure.certain);
    EXPECT_NE(failure.words.find("killed by signal 9"), std::string::npos) << failure.words;
}

TEST(PrimaryFailure, ASilentAgentAloneIsNone) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    view.members.at("a").silent = Milliseconds{60000};
    EXPECT_FALSE(primary_failure(record, view).certain);
}

TEST(PrimaryFailure, ALostHostNeedsAgentProbeAndStreamAllSilent) {
    const auto record = in_sync_record();
    for (unsigned bits = 0; bits < 8; ++bits) {
        auto view = view_of(record);
        const bool agent = (bits & 1U) != 0;
        const bool probe = (bits & 2U) != 0;
        const bool stream = (bits & 4U) != 0;
        view.members.at("a").silent = Milliseconds{agent ? 1500 : 100};
        view.members.at("a").probe_failed = probe;
        told(view, "b").stream.silent = Milliseconds{stream ? 1500 : 100};
        EXPECT_EQ(primary_failure(record, view).certain, agent && probe && stream) << bits;
    }
}

TEST(PrimaryFailure, AHungAgentsPortDoesNotHideADeadDatabase) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    view.members.at("a").silent = Milliseconds{1500};
    view.members.at("a").database_port_dead = true;
    told(view, "b").stream.connected = false;
    told(view, "b").stream.silent = Milliseconds{1500};
    EXPECT_TRUE(primary_failure(record, view).certain);
}

TEST(PrimaryFailure, IsNeverConcludedWhileTheStandbyIsNotHeard) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    view.members.at("a").silent = Milliseconds{9000};
    view.members.at("a").probe_failed = true;
    view.members.at("b").connected = false;
    EXPECT_FALSE(primary_failure(record, view).certain);
}

TEST(PrimaryFailure, AWanIsMorePatient) {
    auto record = in_sync_record();
    record.policy.profile = Profile::wan;
    auto view = view_of(record);
    view.members.at("a").silent = Milliseconds{2000};
    view.members.at("a").probe_failed = true;
    told(view, "b").stream.silent = Milliseconds{2000};
    EXPECT_FALSE(primary_failure(record, view).certain);
}

TEST(PrimaryFailure, EachProbeThatStallsCounts) {
    const auto record = in_sync_record();
    for (auto probe : {&Observation::sql, &Observation::fsync, &Observation::heartbeat}) {
        auto view = view_of(record);
        (told(view, "a").*probe).silent = Milliseconds{2999};
        EXPECT_FALSE(primary_failure(record, view).certain);
        (told(view, "a").*probe).silent = Milliseconds{3000};
        EXPECT_TRUE(primary_failure(record, view).certain);
    }
}

TEST(PrimaryFailure, ReplacedDataIsOne) { // R11
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").data_id = "other";
    EXPECT_TRUE(primary_failure(record, view).certain);
    EXPECT_FALSE(assess(record, view).facts.primary_serves);
}

TEST(PrimaryFailure, AnEngineThatReplaysAlthoughItShouldServeIsOne) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").server = ServerState::standby;
    EXPECT_TRUE(primary_failure(record, view).certain);
}

TEST(PrimaryFailure, ANewPrimaryThatStillReplaysIsNone) {
    const auto record = promoting_record();
    EXPECT_FALSE(primary_failure(record, view_of(record)).certain);
}

// The standby's ---------------------------------------------------------------------------------

TEST(StandbyFailure, ADeadProcessIsCertainAtOnce) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    EXPECT_TRUE(assess(record, view).facts.standby_failed);
    EXPECT_FALSE(assess(record, view).facts.standby_promotable);
}

TEST(StandbyFailure, ARestartEndsAPromiseThatBelongsToOneStart) { // REDTEAM F4
    auto record = in_sync_record();
    record.in_sync.at("b").start = "7";
    auto view = view_of(record);
    told(view, "b").start = "7";
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    EXPECT_TRUE(assess(record, view).facts.standby_promotable);
    told(view, "b").start = "8";
    EXPECT_TRUE(assess(record, view).facts.standby_failed);
    EXPECT_FALSE(assess(record, view).facts.standby_promotable);
    EXPECT_NE(assess(record, view).standby_evidence.find("ended its promise"), std::string::npos);
    told(view, "b").start = ""; // Its agent was started anew, and did not hear its server yet.
    told(view, "b").server = ServerState::starting;
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    EXPECT_FALSE(assess(record, view).facts.standby_promotable);
}

TEST(StandbyFailure, AGrantBelongsToOneStartToo) {
    auto record = granted_record();
    record.grant->start = "7";
    auto view = view_of(record);
    told(view, "b").start = "7";
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    told(view, "b").start = "8";
    EXPECT_TRUE(assess(record, view).facts.standby_failed);
}

TEST(StandbyFailure, IsNoReasonToNarrowWhileThePrimaryIsNotHeardToServe) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    view.members.at("a").connected = false;
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    told(view, "a").server = ServerState::stopped;
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
}

TEST(StandbyFailure, REDTEAM_F19_SilenceCountsOnlyWhileThePrimarysDiskIsProvedGood) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").acknowledgements.silent = Milliseconds{9000};
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    told(view, "a").acknowledgements.disk_proved = true;
    EXPECT_TRUE(assess(record, view).facts.standby_failed);
}

TEST(StandbyFailure, ALostHostIsLeftAfterDeadAfterACutLinkAfterSoloAfter) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    auto& acks = told(view, "a").acknowledgements;
    acks.disk_proved = true;
    acks.silent = Milliseconds{1500};
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    acks.silent = Milliseconds{4000};
    EXPECT_TRUE(assess(record, view).facts.standby_failed);
    acks.silent = Milliseconds{1500};
    view.members.at("b").silent = Milliseconds{1500};
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
    view.members.at("b").database_port_dead = true;
    EXPECT_TRUE(assess(record, view).facts.standby_failed);
}

TEST(StandbyFailure, AcknowledgementsUnderAnotherNameAreNoEvidence) { // R7
    const auto record = in_sync_record();
    auto view = view_of(record);
    auto& acks = told(view, "a").acknowledgements;
    acks.disk_proved = true;
    acks.silent = Milliseconds{9000};
    acks.name = "ls_b_3";
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
}

TEST(StandbyFailure, ADeadAgentWhoseDatabaseAcknowledgesIsNone) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    view.members.at("b").connected = false;
    view.members.at("b").silent = Milliseconds{60000};
    EXPECT_FALSE(assess(record, view).facts.standby_failed);
}

// Who may be promoted (R2, R11) -------------------------------------------------------------------

TEST(Promotion, IsHinderedByEverythingThatMakesTheMemberAnother) {
    const auto record = in_sync_record();
    const auto promotable = [&record](auto change) {
        auto view = view_of(record);
        change(view);
        return assess(record, view).facts.standby_promotable;
    };
    EXPECT_TRUE(promotable([](View&) {}));
    EXPECT_FALSE(promotable([](View& v) { told(v, "b").data_id = "other"; }));
    EXPECT_FALSE(promotable([](View& v) { told(v, "b").data_id = ""; }));
    EXPECT_FALSE(promotable([](View& v) { told(v, "b").start = "restarted"; }));
    EXPECT_FALSE(promotable([](View& v) { told(v, "b").server = ServerState::starting; }));
    EXPECT_FALSE(promotable([](View& v) { v.members.at("b").connected = false; }));
    EXPECT_FALSE(promotable([](View& v) { v.members.at("b").refused_stream = "two of them"; }));
    EXPECT_FALSE(promotable([](View& v) { told(v, "b").position.offset_bytes = 999; }));
    EXPECT_TRUE(promotable([](View& v) { told(v, "b").position = {}; }));
}

TEST(Promotion, OfAMemberOutsideTheInSyncSetIsImpossible) {
    const auto record = granted_record();
    EXPECT_FALSE(assess(record, view_of(record)).facts.standby_promotable);
}

TEST(Standby, UnheardIsNotYetLost) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    view.members.at("b").connected = false;
    view.members.at("b").silent = Milliseconds{2999};
    EXPECT_TRUE(assess(record, view).facts.standby_unheard);
    view.members.at("b").silent = Milliseconds{3000};
    EXPECT_FALSE(assess(record, view).facts.standby_unheard);
}

TEST(Lowered, R13_AManagedSettingChangedBySomebodyElseIsEvidence) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").lowered = "synchronous_commit is set by ALTER SYSTEM";
    const auto seen = assess(record, view);
    EXPECT_TRUE(seen.facts.lowered);
    EXPECT_EQ(seen.lowered_evidence, "a: synchronous_commit is set by ALTER SYSTEM");
}

TEST(Lowered, REDTEAM_F14_APrimaryOfAnOldReleaseIsEvidenceAndGetsNoStandby) {
    auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "a").unfit = "15.10 does not wait right after a restart";
    EXPECT_TRUE(assess(record, view).facts.lowered);
    record = solo_record();
    view = view_of(record);
    told(view, "a").unfit = "15.10 does not wait right after a restart";
    EXPECT_FALSE(assess(record, view).facts.candidate_ready);
}

TEST(Lowered, AGrantIsNotGivenWhileItIs) {
    const auto record = solo_record();
    auto view = view_of(record);
    told(view, "a").lowered = "synchronous_commit is off";
    EXPECT_FALSE(assess(record, view).facts.candidate_ready);
}

TEST(Barrier, AGrantThatNobodyPassesIsOverdueAfterAMinute) {
    const auto record = granted_record();
    auto view = view_of(record);
    view.unix_ms = now_unix_ms + 59999;
    EXPECT_FALSE(assess(record, view).facts.grant_overdue);
    view.unix_ms = now_unix_ms + 60000;
    EXPECT_TRUE(assess(record, view).facts.grant_overdue);
}

TEST(Lowered, REDTEAM_F5_AnUnfitStandbyIsEvidence) {
    const auto record = in_sync_record();
    auto view = view_of(record);
    told(view, "b").unfit = "recovery_target_time is set";
    EXPECT_TRUE(assess(record, view).facts.lowered);
}

// The candidate (R4.0) ---------------------------------------------------------------------------

TEST(Candidate, IsReadyOnlyUnderThisRevisionOnThisHistoryAndCaughtUp) {
    const auto record = solo_record();
    const auto ready = [&record](auto change) {
        auto view = view_of(record);
        change(view);
        return assess(record, view).facts.candidate_ready;
    };
    EXPECT_TRUE(ready([](View&) {}));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").accepted = Revision{9}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "a").accepted = Revision{9}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "a").serving = Epoch{0}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").position.history = History{"2"}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").position.history = History{}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "a").position.offset_bytes = 1U << 30U; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").stream.connected = false; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").stream.silent = Milliseconds{1500}; }));
    EXPECT_TRUE(ready([](View& v) { told(v, "b").stream.silent = Milliseconds{1499}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").fsync.silent = Milliseconds{1500}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").sql.silent = Milliseconds{1500}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").disk.full_for = Milliseconds{1}; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").unfit = "fsync is off"; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").data_id.clear(); }));
    EXPECT_FALSE(ready([](View& v) { v.members.at("b").refused_stream = "two"; }));
    EXPECT_FALSE(ready([](View& v) { told(v, "b").server = ServerState::stopped; }));
}

TEST(Candidate, IsAsFarBehindAsItsEngineCounts) {
    const auto record = solo_record();
    const auto assessed = [&record](Unit unit, std::uint64_t behind) {
        auto view = view_of(record);
        told(view, "a").unit = unit;
        told(view, "a").position.offset_bytes = told(view, "b").position.offset_bytes + behind;
        return assess(record, view);
    };
    EXPECT_TRUE(assessed(Unit::bytes, 16U << 20U).facts.candidate_ready);
    EXPECT_FALSE(assessed(Unit::bytes, (16U << 20U) + 1).facts.candidate_ready);
    EXPECT_TRUE(assessed(Unit::transactions, 500).facts.candidate_ready);
    const auto behind = assessed(Unit::transactions, 501);
    EXPECT_FALSE(behind.facts.candidate_ready);
    EXPECT_EQ(behind.candidate_evidence, "b: it is 501 transactions behind");
}

/// What it would have to replay before it can acknowledge, commits would wait for.
TEST(Candidate, ReplaysMostOfWhatItHasFirstButNotForEver) {
    const auto record = solo_record();
    const auto assessed = [&record](Unit unit, std::uint64_t unreplayed, int clean_ms) {
        auto view = view_of(record);
        told(view, "b").unit = unit;
        told(view, "b").unreplayed_bytes = unreplayed;
        told(view, "b").stream.clean_for = Milliseconds{clean_ms};
        return assess(record, view);
    };
    EXPECT_TRUE(assessed(Unit::bytes, 16U << 20U, 0).facts.candidate_ready);
    EXPECT_TRUE(assessed(Unit::transactions, 50, 0).facts.candidate_ready);
    const auto replays = assessed(Unit::transactions, 51, 9999);
    EXPECT_FALSE(replays.facts.candidate_ready);
    EXPECT_EQ(replays.candidate_evidence, "b: it has 51 transactions to replay first");
    EXPECT_TRUE(assessed(Unit::transactions, 51, 10000).facts.candidate_ready);
}

TEST(Candidate, ReasonsSayWhyThereIsNone) {
    const auto record = solo_record();
    auto view = view_of(record);
    told(view, "b").stream.connected = false;
    EXPECT_EQ(assess(record, view).candidate_evidence, "b: it does not stream from the primary");
}

TEST(Candidate, AnotherZoneIsPreferred) {
    auto record = solo_record();
    record.members["c"] = member("c", "10.0.0.3");
    record.members["c"].zone = "zone-c";
    record.members["b"].zone = "zone-a";
    EXPECT_EQ(assess(record, view_of(record)).candidate, "c");
}

TEST(Candidate, AMemberThatAnOperatorTakesAwayIsNone) {
    auto record = solo_record();
    record.intent = {IntentKind::remove, "b", "", "op"};
    EXPECT_FALSE(assess(record, view_of(record)).facts.candidate_ready);
}

TEST(HoldDown, TheFirstLossCostsNothingTheNextOnesDouble) {
    auto record = solo_record();
    const std::int64_t now = 1'800'000'000'000;
    record.hold_down = {1, now - 1000};
    EXPECT_EQ(clean_stream_needed(record, now), Milliseconds{0});
    record.hold_down = {2, now - 1000};
    EXPECT_EQ(clean_stream_needed(record, now), Milliseconds{30000});
    record.hold_down = {3, now - 1000};
    EXPECT_EQ(clean_stream_needed(record, now), Milliseconds{60000});
    record.hold_down = {60, now - 1000};
    EXPECT_EQ(clean_stream_needed(record, now), Milliseconds{600000});
    record.hold_down = {60, now - 600001};
    EXPECT_EQ(clean_stream_needed(record, now), Milliseconds{0});
}

TEST(HoldDown, KeepsAFlappingStandbyOut) {
    auto record = solo_record();
    auto view = view_of(record);
    record.hold_down = {2, view.unix_ms - 1000};
    told(view, "b").stream.clean_for = Milliseconds{29999};
    EXPECT_FALSE(assess(record, view).facts.candidate_ready);
    told(view, "b").stream.clean_for = Milliseconds{30000};
    EXPECT_TRUE(assess(record, view).facts.candidate_ready);
}

// The barrier (R4.1 to R4.4)
// -----------------------------------------------------------------------

View past_barrier(const PairRecord& record) {
    auto view = view_of(record);
    told(view, "a").barrier = Barrier{record.revision, sync_name_of(record), {first_history, 900}};
    return view;
}

TEST(Barrier, IsPassedOnlyByTheGrantedMemberUnderTheGrantOnThatHistory) {
    const auto record = granted_record();
    const auto passed = [&record](auto change) {
        auto view = past_barrier(record);
        change(view);
        return assess(record, view).facts.past_barrier;
    };
    EXPECT_TRUE(passed([](View&) {}));
    // m-no-primary-evidence, m-evidence-no-revision, m-stale-evidence of the model:
    EXPECT_FALSE(passed([](View& v) { told(v, "a").barrier.reset(); }));
    EXPECT_FALSE(passed([](View& v) { told(v, "a").barrier->revision = Revision{9}; }));
    EXPECT_FALSE(passed([](View& v) { told(v, "a").barrier->name = "ls_b_9"; }));
    EXPECT_FALSE(passed([](View& v) { told(v, "a").accepted = Revision{9}; }));
    EXPECT_FALSE(passed([](View& v) { told(v, "b").accepted = Revision{9}; }));
    // m-numbers-no-timeline:
    EXPECT_FALSE(passed([](View& v) { told(v, "b").position.history = History{"2"}; }));
    EXPECT_FALSE(passed([](View& v) { told(v, "b").position.offset_bytes = 899; }));
    // R11, and F7: a name is not a member.
    EXPECT_FALSE(passed([](View& v) { told(v, "b").data_id = "wiped"; }));
    EXPECT_FALSE(passed([](View& v) { told(v, "b").start = "another"; }));
    EXPECT_FALSE(passed([](View& v) { told(v, "b").stream.name = "ls_b_9"; }));
    EXPECT_FALSE(passed([](View& v) { v.members.at("b").connected = false; }));
}

// Operators ------------------------------------------------------------------------------------

TEST(Intent, REDTEAM_F23_StandingDownCountsOnlyUnderItsOwnRevision) {
    auto record = promoting_record();
    record.intent = {IntentKind::give_back, "a", "", "op"};
    auto view = view_of(record);
    told(view, "b").server = ServerState::stopped;
    told(view, "b").never_promoted = true;
    EXPECT_TRUE(assess(record, view).facts.former_may_return);
    told(view, "b").accepted = Revision{9};
    EXPECT_FALSE(assess(record, view).facts.former_may_return);
    told(view, "b").accepted = record.revision;
    told(view, "b").never_promoted = false;
    EXPECT_FALSE(assess(record, view).facts.former_may_return);
    EXPECT_TRUE(assess(record, view).facts.has_promoted);
    told(view, "b").server = ServerState::standby;
    EXPECT_FALSE(assess(record, view).facts.has_promoted);
}

TEST(Intent, AForceNeedsATargetWithDataAndAPrimaryThatDoesNotServe) {
    auto record = solo_record();
    record.intent = {IntentKind::force, "b", "power cut by hand", "op"};
    auto view = view_of(record);
    EXPECT_FALSE(assess(record, view).facts.force_asked);
    EXPECT_TRUE(assess(record, view).facts.force_moot);
    told(view, "a").door = "its standby does not stream from it"; // R9: it serves nobody.
    EXPECT_TRUE(assess(record, view).facts.force_asked);
    EXPECT_FALSE(assess(record, view).facts.force_moot);
    told(view, "a").door = "";
    told(view, "a").server = ServerState::stopped;
    EXPECT_TRUE(assess(record, view).facts.force_asked);
    told(view, "b").server = ServerState::stopped;
    EXPECT_TRUE(assess(record, view).facts.force_asked);
    told(view, "b").server = ServerState::no_data;
    EXPECT_FALSE(assess(record, view).facts.force_asked);
}

} // namespace
} // namespace lockstep
