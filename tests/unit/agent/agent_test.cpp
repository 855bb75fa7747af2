#include <csignal>

#include "core/wire/codec.h"
#include "tests/unit/agent/agent_bench.h"

namespace lockstep {
namespace {

PairRecord at(PairRecord record, std::uint64_t revision) {
    record.revision = Revision{revision};
    return record;
}

/// The pair of which a is the primary, alone: as it is after forming.
PairRecord solo(std::uint64_t revision) {
    return at(fixture::solo_record(), revision);
}

PairRecord in_sync(std::uint64_t revision) {
    return at(fixture::in_sync_record(), revision);
}

/// b is primary and serves; a is to follow it.
PairRecord under_b(std::uint64_t revision) {
    auto record = at(fixture::promoting_record(), revision);
    record.served = true;
    record.former.clear();
    return record;
}

class Agents : public AgentTest {
protected:
    /// An agent of the first primary, which serves alone.
    std::unique_ptr<AgentUnderTest> serving_primary() {
        auto agent = std::make_unique<AgentUnderTest>("a", folder_.path());
        agent->tell(at(fixture::forming_record(), 5));
        EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
        return agent;
    }
    /// An agent of a standby that streams from a.
    std::unique_ptr<AgentUnderTest> streaming_standby() {
        auto agent = std::make_unique<AgentUnderTest>("b", folder_.path());
        agent->tell(solo(5));
        EXPECT_TRUE(agent->until([&] { return agent->seen().stream.connected; }));
        return agent;
    }
};

TEST_F(Agents, FormThePrimaryFromNothing) {
    const auto agent = serving_primary();
    EXPECT_TRUE(agent->driver.was_called("initialise"));
    const auto seen = agent->seen();
    EXPECT_EQ(seen.server, ServerState::primary);
    EXPECT_FALSE(seen.data_id.empty());
    EXPECT_EQ(seen.data_id, agent->memory().data().data_id);
    EXPECT_EQ(seen.accepted, Revision{5});
}

TEST_F(Agents, CloneAStandbyFromNothing) {
    const auto agent = streaming_standby();
    EXPECT_TRUE(agent->driver.was_called("clone a"));
    EXPECT_TRUE(agent->is(ServerState::standby));
    EXPECT_EQ(agent->seen().stream.name, "ls_b_async");
}

TEST_F(Agents, AStandbyTellsWhatItFreedAndWhyItCouldNot) {
    const auto agent = streaming_standby();
    const auto alarmed = [&] {
        const auto alarms = agent->journal.alarms();
        return std::ranges::any_of(alarms, [](const auto& sentence) {
            return sentence.find("no route; it is tried again") != std::string::npos;
        });
    };
    agent->driver.freed = fail(Errc::unreachable, "no route");
    EXPECT_TRUE(agent->until(alarmed));
    agent->driver.freed = "told the primary";
    EXPECT_TRUE(agent->until([&] { return !alarmed(); }));
    const auto reports = agent->journal.take_reports();
    EXPECT_TRUE(std::ranges::any_of(reports, [](const auto& report) {
        return report.kind == "acknowledged" &&
               report.message == "commits waited for this standby: it told the primary";
    }));
}

TEST_F(Agents, TellToWhichStartAPromiseBelongsAndWhatPositionsCount) {
    const auto agent = streaming_standby();
    agent->driver.server_start = "start 7";
    agent->driver.unit = Unit::transactions;
    EXPECT_TRUE(agent->until([&] { return agent->seen().start == "start 7"; }));
    EXPECT_EQ(agent->seen().unit, Unit::transactions);
    ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
    EXPECT_TRUE(agent->until([&] { return !agent->is(ServerState::standby); }));
    EXPECT_EQ(agent->seen().start, ""); // It answers no more.
}

TEST_F(Agents, PromoteTheStandbyThatTheRecordNames) {
    const auto agent = streaming_standby();
    agent->tell(at(fixture::promoting_record(), 6));
    EXPECT_TRUE(agent->until([&] { return agent->serves(2); }));
    EXPECT_EQ(agent->memory().data().begun_epoch, Epoch{2});
    EXPECT_EQ(agent->driver.ticket->primary, true);
}

TEST_F(Agents, TightenThenProve) { // R4
    const auto agent = serving_primary();
    agent->tell(at(fixture::granted_record(), 6));
    ASSERT_TRUE(agent->until([&] { return agent->seen().barrier.has_value(); }));
    EXPECT_EQ(agent->seen().barrier->revision, Revision{6});
    EXPECT_EQ(agent->seen().barrier->name, "ls_b_6");
    const auto& calls = agent->driver.calls;
    EXPECT_LT(std::find(calls.begin(), calls.end(), "apply ls_b_6"),
              std::find(calls.begin(), calls.end(), "prove ls_b_6"));
    agent->tell(solo(7)); // The grant is dropped, and the evidence with it.
    EXPECT_TRUE(agent->until([&] { return !agent->seen().barrier.has_value(); }));
}

TEST_F(Agents, LearnOfADeathAndAskBeforeTheyStartAgain) { // R5
    const auto agent = serving_primary();
    agent->tell(in_sync(6));
    ASSERT_TRUE(agent->until([&] { return agent->seen().acknowledgements.name == "ls_b_9"; }));
    ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
    ASSERT_TRUE(agent->until([&] { return agent->seen().start_request != 0; }));
    EXPECT_NE(agent->seen().death.find("signal 9"), std::string::npos) << agent->seen().death;
    const auto request = agent->seen().start_request;
    agent->tell(in_sync(6), wire::StartPermit{request + 1, Epoch{1}});
    agent->run_for(Milliseconds{500});
    EXPECT_TRUE(agent->is(ServerState::stopped));
    EXPECT_EQ(agent->server_pid(), 0);
    agent->tell(in_sync(6), wire::StartPermit{request, Epoch{1}});
    EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
    EXPECT_EQ(agent->driver.ticket->sync_name, "ls_b_9"); // Strict from its first moment.
    EXPECT_EQ(agent->seen().start_request, 0U);
}

TEST_F(Agents, OfASoloPrimaryStartItWithoutAController) { // REDTEAM F25
    const auto agent = serving_primary();
    agent->tell(solo(6));
    ASSERT_TRUE(agent->until([&] { return agent->serves(1); }));
    const auto before = agent->server_pid();
    ASSERT_EQ(::kill(before, SIGKILL), 0);
    EXPECT_TRUE(agent->until([&] { return agent->serves(1) && agent->server_pid() != before; }));
}

TEST_F(Agents, FenceBeforeTheyWriteTheRecordDown) { // R7, redteam 4: slow disk under the agent
    const auto agent = serving_primary();
    const auto server = agent->server_pid();
    std::filesystem::remove_all(folder_ / "state"); // Nothing can be kept any more.
    agent->tell(at(fixture::promoting_record(), 6));
    EXPECT_TRUE(agent->until([&] { return agent->is(ServerState::stopped); }));
    EXPECT_FALSE(identify(server).has_value());
    EXPECT_EQ(agent->seen().accepted, Revision{5}); // Not kept, so not accepted.
    EXPECT_TRUE(agent->until([&] { return !agent->driver.ticket.has_value(); }));
    EXPECT_FALSE(agent->driver.ticket_removed_beside_server); // No disk delays the kill.
}

TEST_F(Agents, TellOfADeathBeforeTheyCleanUpAfterIt) {
    const auto agent = serving_primary();
    agent->tell(in_sync(6));
    ASSERT_TRUE(agent->until([&] { return agent->seen().acknowledgements.name == "ls_b_9"; }));
    std::optional<bool> told_first;
    agent->at_each_status([&] {
        if (!told_first && agent->is(ServerState::stopped)) {
            told_first = agent->driver.ticket.has_value();
        }
    });
    ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
    ASSERT_TRUE(agent->until([&] { return told_first.has_value(); }));
    EXPECT_TRUE(*told_first);
    EXPECT_TRUE(agent->until([&] { return !agent->driver.ticket.has_value(); }));
}

TEST_F(Agents, RefuseLowerRevisions) { // R7
    const auto agent = serving_primary();
    agent->tell(at(fixture::promoting_record(), 4));
    ASSERT_TRUE(agent->until([&] { return !agent->seen().alarms.empty(); }));
    EXPECT_TRUE(agent->serves(1));
    EXPECT_EQ(agent->seen().accepted, Revision{5});
}

TEST_F(Agents, KeepTheirDatabaseWhenTheControllerKnowsNoPair) {
    const auto agent = serving_primary();
    agent->tell_of_no_pair();
    ASSERT_TRUE(agent->until([&] { return !agent->seen().alarms.empty(); }));
    EXPECT_TRUE(agent->serves(1));
}

TEST_F(Agents, LeaveTheirDatabaseRunningAndAdoptItAgain) {
    pid_t server = 0;
    {
        const auto agent = serving_primary();
        server = agent->server_pid();
    }
    EXPECT_TRUE(identify(server).has_value());
    AgentUnderTest again("a", folder_.path());
    EXPECT_TRUE(again.until([&] { return again.serves(1); }));
    EXPECT_EQ(again.server_pid(), server);
    ASSERT_EQ(::kill(server, SIGKILL), 0);
    EXPECT_TRUE(again.until([&] { return !again.seen().death.empty(); }));
}

TEST_F(Agents, TouchNoForeignData) { // R11
    std::filesystem::create_directories(folder_ / "data" / "base");
    AgentUnderTest agent("a", folder_.path());
    agent.tell(at(fixture::forming_record(), 5));
    ASSERT_TRUE(agent.until([&] { return !agent.seen().alarms.empty(); }));
    agent.run_for(Milliseconds{300});
    EXPECT_EQ(agent.seen().server, ServerState::foreign);
    EXPECT_TRUE(agent.driver.calls.empty());
    EXPECT_NE(agent.seen().alarms.front().find((folder_ / "data").string()), std::string::npos);
}

TEST_F(Agents, TellOfAndFenceTheirServerEvenIfItsFolderLooksForeign) {
    const auto agent = serving_primary();
    const auto server = agent->server_pid();
    ASSERT_TRUE(write_mark(folder_ / "data", data_mark, "another").has_value());
    EXPECT_EQ(agent->seen().server, ServerState::primary);
    agent->tell(at(fixture::promoting_record(), 6));
    EXPECT_TRUE(agent->until([&] { return agent->seen().server == ServerState::foreign; }));
    EXPECT_FALSE(identify(server).has_value());
}

TEST_F(Agents, ReplaceADivergedFormerPrimaryAfterKeepingACopy) { // R8
    const auto agent = serving_primary();
    const auto mark = agent->seen().data_id;
    agent->driver.diverged = true;
    agent->driver.rewind_hindrance = "its log is gone";
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    const std::vector<std::string> wanted = {"judge b", "preserve", "prepare rewind to b",
                                             "discard", "clone b"};
    auto calls = agent->driver.calls;
    std::erase(calls, "decode"); // Whenever there is time.
    EXPECT_NE(std::search(calls.begin(), calls.end(), wanted.begin(), wanted.end()), calls.end())
        << testing::PrintToString(calls);
    EXPECT_NE(agent->seen().data_id, mark); // R11: other data, another mark.
    EXPECT_EQ(agent->memory().data().begun_epoch, Epoch{0});
}

TEST_F(Agents, RewindADivergedFormerPrimaryAfterKeepingACopy) { // R8, R11
    const auto agent = serving_primary();
    const auto mark = agent->seen().data_id;
    agent->driver.diverged = true;
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    const std::vector<std::string> wanted = {"judge b", "preserve", "prepare rewind to b",
                                             "rewind to b", "judge b"};
    auto calls = agent->driver.calls;
    std::erase(calls, "decode");
    EXPECT_NE(std::search(calls.begin(), calls.end(), wanted.begin(), wanted.end()), calls.end())
        << testing::PrintToString(calls);
    EXPECT_FALSE(agent->driver.was_called("clone b"));
    EXPECT_NE(agent->seen().data_id, mark);
    EXPECT_FALSE(agent->memory().data().making);
    ASSERT_TRUE(agent->until([&] { return agent->divergences.list().front().log.done; }));
    const auto& kept = agent->divergences.list().front();
    EXPECT_EQ(kept.rejoined, "rewind");
    EXPECT_EQ(kept.upstream, "b");
    EXPECT_EQ(kept.bytes, 4096U);
    EXPECT_EQ(kept.overwritten_bytes, 512U);
    EXPECT_EQ(kept.data_id, mark);
    EXPECT_EQ(kept.log.committed, 7U);
    const auto file = read_file(std::filesystem::path(kept.folder) / "divergence.json");
    ASSERT_TRUE(file);
    EXPECT_EQ(*wire::decode_divergence(*file), kept);
}

TEST_F(Agents, CloneWhatARewindBroke) {
    const auto agent = serving_primary();
    agent->driver.diverged = true;
    agent->driver.rewind_fails = true;
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    const std::vector<std::string> wanted = {"rewind to b", "discard", "clone b"};
    auto calls = agent->driver.calls;
    std::erase(calls, "decode");
    EXPECT_NE(std::search(calls.begin(), calls.end(), wanted.begin(), wanted.end()), calls.end())
        << testing::PrintToString(calls);
    const auto& kept = agent->divergences.list().front();
    EXPECT_EQ(kept.rejoined, "clone");
    EXPECT_NE(kept.rejoined_why.find("broke off"), std::string::npos) << kept.rejoined_why;
}

TEST_F(Agents, GiveUpARewindWhenTheRecordChangesAndCloneAfterwards) { // R10
    const auto agent = serving_primary();
    agent->driver.diverged = true;
    agent->driver.rewind_hangs = true;
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->driver.was_called("rewind to b"); }));
    EXPECT_EQ(agent->seen().job->what, "rewinding to b's history");
    EXPECT_TRUE(agent->memory().data().making);
    auto paused = under_b(7);
    paused.members.at("b").address = "10.0.0.99";
    agent->tell(paused);
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    EXPECT_TRUE(agent->driver.was_called("clone b"));
}

TEST_F(Agents, RememberWhatTheyKeptAcrossARestart) { // R8
    {
        const auto agent = serving_primary();
        agent->driver.diverged = true;
        agent->tell(under_b(6));
        ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    }
    std::filesystem::create_directories(folder_ / "diverged" / "1795383200-rev3");
    std::filesystem::create_directories(folder_ / "diverged" / "1795383201-rev4.partial");
    AgentUnderTest again("a", folder_.path());
    ASSERT_TRUE(again.until([&] { return again.divergences.list().size() == 2; }));
    EXPECT_EQ(again.divergences.list().front().rejoined, "rewind");
    EXPECT_EQ(again.divergences.list().back().id, "a-1795383200-rev3");
    EXPECT_TRUE(again.divergences.list().back().log.done);
}

TEST_F(Agents, RemoveACopyWhenItsDayHasCome) {
    KeptDivergence old;
    {
        AgentUnderTest agent("a", folder_.path());
        old = agent.divergences.make(Revision{3});
    }
    std::filesystem::create_directories(old.folder);
    old.rejoined = "rewind";
    old.remove_unix_ms = 1'700'000'000'000;
    old.log.done = true;
    const auto path = std::filesystem::path(old.folder) / "divergence.json";
    ASSERT_TRUE(write_file_durably(path, wire::encode_divergence(old)));
    AgentUnderTest agent("a", folder_.path());
    ASSERT_TRUE(agent.until([&] { return !std::filesystem::exists(old.folder); }));
    ASSERT_TRUE(agent.until([&] { return agent.divergences.list().empty(); }));
}

TEST_F(Agents, LetAFormerPrimaryFollowWhenItDidNotDiverge) {
    const auto agent = serving_primary();
    const auto mark = agent->seen().data_id;
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    EXPECT_EQ(agent->seen().data_id, mark);
    EXPECT_FALSE(agent->driver.was_called("discard"));
}

TEST_F(Agents, TakeATimelineOfTheSameNameForATwinAfterTheyWerePrimary) { // REDTEAM F13
    const auto agent = serving_primary();
    agent->driver.same_timeline = true;
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
    EXPECT_TRUE(agent->driver.was_called("preserve"));
    EXPECT_EQ(agent->memory().data().followed_epoch, Epoch{2});
}

TEST_F(Agents, CallNoIntactDataHalfMadeWhenItCannotBeDiscarded) {
    const auto agent = serving_primary();
    const auto mark = agent->seen().data_id;
    agent->driver.diverged = true;
    agent->driver.discard_unsupported = true;
    agent->driver.rewind_hindrance = "its log is gone";
    agent->tell(under_b(6));
    const auto discards = [&] {
        const auto& calls = agent->driver.calls;
        return std::count(calls.begin(), calls.end(), "discard");
    };
    ASSERT_TRUE(agent->until([&] { return discards() >= 2 && !agent->seen().job; }));
    EXPECT_FALSE(agent->memory().data().making);
    EXPECT_EQ(agent->seen().data_id, mark);
    const auto& calls = agent->driver.calls;
    EXPECT_EQ(std::count(calls.begin(), calls.end(), "preserve"), 1); // Not once for each try.
}

TEST_F(Agents, GiveUpNoDataForACopyThatWouldLackSome) {
    const auto agent = serving_primary();
    const auto mark = agent->seen().data_id;
    agent->driver.diverged = true;
    agent->driver.rewind_hindrance = "its log is gone";
    agent->driver.copyable = fail(Errc::refused, "the table old is of the engine MyISAM");
    agent->tell(under_b(6));
    ASSERT_TRUE(agent->until([&] { return agent->driver.copyable_asked >= 2; }));
    EXPECT_FALSE(agent->driver.was_called("discard"));
    EXPECT_FALSE(agent->memory().data().making);
    EXPECT_EQ(agent->seen().data_id, mark);
    agent->driver.copyable = {}; // It was made InnoDB.
    EXPECT_TRUE(agent->until([&] { return agent->is(ServerState::standby); }));
}

TEST_F(Agents, KeepNobodysSlotsAsAStandby) {
    const auto agent = streaming_standby();
    EXPECT_TRUE(agent->until([&] { return agent->driver.was_called("keep for nobody"); }));
    agent->tell(at(fixture::promoting_record(), 6));
    EXPECT_TRUE(agent->until([&] { return agent->driver.was_called("keep for peers"); }));
}

TEST_F(Agents, DropAPermitThatIsToldNoMore) { // R5
    const auto agent = serving_primary();
    agent->tell(in_sync(6), wire::StartPermit{7, Epoch{1}});
    ASSERT_TRUE(agent->until([&] { return agent->state.permit.has_value(); }));
    agent->tell(in_sync(6));
    EXPECT_TRUE(agent->until([&] { return !agent->state.permit.has_value(); }));
}

TEST_F(Agents, StartNothingByTheirOwnRecordOnceTheControllerKnowsNoPair) {
    const auto agent = serving_primary();
    agent->tell_of_no_pair();
    ASSERT_TRUE(agent->until([&] { return agent->state.withdrawn; }));
    ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
    EXPECT_TRUE(agent->until([&] { return agent->seen().start_request != 0; }));
    EXPECT_EQ(agent->server_pid(), 0);
}

TEST_F(Agents, ReplaceNothingWhilePaused) {
    const auto agent = serving_primary();
    agent->driver.diverged = true;
    auto record = under_b(6);
    record.paused = true;
    agent->tell(record);
    ASSERT_TRUE(agent->until([&] { return !agent->seen().alarms.empty(); }));
    EXPECT_FALSE(agent->driver.was_called("discard"));
    EXPECT_TRUE(agent->is(ServerState::stopped));
}

TEST_F(Agents, MakeAHalfMadeCopyAnew) {
    {
        const auto agent = streaming_standby();
        ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
        ASSERT_TRUE(agent->until([&] { return !agent->seen().death.empty(); }));
    }
    // As a crash in the middle of the copy leaves it.
    const auto path = folder_ / "state" / "data.json";
    auto text = *read_file(path);
    const std::string made = "\"making\":false";
    text.replace(text.find(made), made.size(), "\"making\":true");
    ASSERT_TRUE(write_file_durably(path, text).has_value());
    for (const auto pid : processes_in(folder_.path())) {
        ::kill(pid, SIGKILL);
    }
    AgentUnderTest again("b", folder_.path());
    ASSERT_TRUE(again.until([&] { return again.seen().stream.connected; }));
    EXPECT_EQ(again.driver.calls.front(), "discard");
}

TEST_F(Agents, GiveUpACloneWhenTheRecordNamesAnotherSource) {
    AgentUnderTest agent("b", folder_.path());
    agent.driver.clone_hangs = true;
    agent.tell(solo(5));
    ASSERT_TRUE(agent.until([&] { return agent.seen().job && agent.seen().job->done_bytes == 1; }));
    EXPECT_EQ(agent.seen().job->what, "cloning from a");
    EXPECT_TRUE(agent.is(ServerState::no_data));
    auto moved = solo(6);
    moved.members.at("a").address = "10.0.0.9";
    agent.driver.clone_hangs = false;
    agent.tell(moved);
    EXPECT_TRUE(agent.until([&] { return agent.seen().stream.connected; }));
    EXPECT_FALSE(agent.seen().job.has_value());
    EXPECT_TRUE(agent.driver.was_called("discard")); // What the first one left.
}

TEST_F(Agents, FinishNoCloneThatNobodyWants) {
    AgentUnderTest agent("b", folder_.path());
    agent.driver.clone_hangs = true;
    agent.tell(solo(5));
    ASSERT_TRUE(agent.until([&] { return agent.seen().job && agent.seen().job->done_bytes == 1; }));
    agent.tell(at(fixture::forming_record(), 6)); // Nobody to follow.
    EXPECT_TRUE(agent.until([&] { return !agent.seen().job.has_value(); }));
    EXPECT_TRUE(agent.is(ServerState::no_data));
    EXPECT_TRUE(agent.memory().data().making);
}

TEST_F(Agents, StandDownWithAProofFromDisk) { // REDTEAM F23
    const auto agent = streaming_standby();
    agent->driver.streams = false;
    auto record = at(fixture::promoting_record(), 6);
    record.intent = {IntentKind::give_back, "a", "", "op"};
    bool told_without_proof = false;
    agent->tell(record);
    ASSERT_TRUE(agent->until([&] {
        const auto seen = agent->seen();
        told_without_proof =
            told_without_proof || (seen.accepted == Revision{6} && !seen.never_promoted);
        return seen.never_promoted;
    }));
    EXPECT_FALSE(told_without_proof);
    EXPECT_TRUE(agent->is(ServerState::stopped));
    agent->run_for(Milliseconds{300});
    EXPECT_FALSE(agent->driver.was_called("promote"));
}

TEST_F(Agents, ProveAgainThatTheyStandDownAfterTheyWereStartedAnew) { // REDTEAM F23
    auto record = at(fixture::promoting_record(), 6);
    record.intent = {IntentKind::give_back, "a", "", "op"};
    {
        const auto agent = streaming_standby();
        agent->driver.streams = false;
        agent->tell(record);
        ASSERT_TRUE(agent->until([&] { return agent->seen().never_promoted; }));
    }
    AgentUnderTest again("b", folder_.path());
    EXPECT_FALSE(again.seen().never_promoted);
    again.tell(record);
    EXPECT_TRUE(again.until([&] { return again.seen().never_promoted; }));
}

TEST_F(Agents, ProveNothingOnceAPromotionThatBrokeOffIsBegunAnew) { // REDTEAM F23
    const auto agent = streaming_standby();
    agent->driver.streams = false;
    agent->driver.dies_when_promoted = true; // After clients may have written.
    agent->tell(at(fixture::promoting_record(), 6));
    ASSERT_TRUE(agent->until([&] { // Started as a standby again, which the disk shows now.
        return agent->driver.was_called("promote") &&
               agent->memory().data().replayed_epoch == Epoch{2};
    }));
    auto record = at(fixture::promoting_record(), 7);
    record.intent = {IntentKind::give_back, "a", "", "op"};
    agent->tell(record);
    ASSERT_TRUE(agent->until(
        [&] { return agent->seen().accepted == Revision{7} && agent->is(ServerState::stopped); }));
    ASSERT_TRUE(agent->state.never_promoted.has_value());
    EXPECT_FALSE(agent->seen().never_promoted);
}

TEST_F(Agents, BackOffFromAServerThatDiesAtItsStart) {
    AgentUnderTest agent("a", folder_.path());
    agent.driver.dies_at_start = true;
    agent.tell(at(fixture::forming_record(), 5));
    ASSERT_TRUE(agent.until([&] { return agent.supervisor.failed_starts() >= 2; }));
    EXPECT_TRUE(agent.supervisor.start_is_held());
    ASSERT_TRUE(agent.until([&] { return !agent.seen().alarms.empty(); }));
    EXPECT_NE(agent.seen().alarms.front().find("exit status 3"), std::string::npos);
    agent.driver.dies_at_start = false;
    EXPECT_TRUE(agent.until([&] { return agent.serves(1); }));
}

TEST_F(Agents, LeaveNoProcessAndNoTicketWhereNothingShallRun) {
    const auto agent = streaming_standby();
    agent->tell(at(fixture::forming_record(), 6)); // Nobody to follow.
    EXPECT_TRUE(agent->until([&] { return agent->is(ServerState::stopped); }));
    EXPECT_TRUE(agent->driver.was_called("stop"));
    EXPECT_TRUE(agent->until([&] { return !agent->driver.ticket.has_value(); }));
}

} // namespace
} // namespace lockstep
