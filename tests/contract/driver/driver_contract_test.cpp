#include <chrono>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/integration/postgres/bed.h"

/// What every driver promises (drivers/driver.h), on real servers.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::Bed;
using bed::By;
using bed::must;
using bed::soon;

TEST(Driver, TellsAbsentEmptyForeignAndOwnDataApart) {
    Bed bed;
    auto& driver = bed.a().driver();
    const auto data = driver.data_folder();
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::absent);
    fs::create_directory(data);
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::empty);
    std::ofstream(data / "letter.txt") << "mine";
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::other);
    fs::remove(data / "letter.txt");
    must(bed.run(driver.initialise(soon())));
    const auto folder = must(bed.run(driver.inspect(soon())));
    EXPECT_EQ(folder.kind, DataFolder::Kind::database);
    EXPECT_TRUE(folder.clean_shutdown);
    EXPECT_FALSE(folder.standby);
    EXPECT_FALSE(folder.system_id.empty());
    EXPECT_EQ(folder.history.text, "1");
}

TEST(Driver, NeverFillsAFolderThatHoldsSomething) {
    Bed bed;
    auto& driver = bed.a().driver();
    fs::create_directory(driver.data_folder());
    const auto letter = driver.data_folder() / "letter.txt";
    std::ofstream(letter) << "mine";
    const auto made = bed.run(driver.initialise(soon()));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::refused);
    EXPECT_NE(made.error().message.find(driver.data_folder().string()), std::string::npos);
    const auto cloned = bed.run(driver.clone(bed.b().member(), {}, soon()));
    ASSERT_FALSE(cloned);
    EXPECT_EQ(cloned.error().code, Errc::refused);
    EXPECT_TRUE(fs::exists(letter));
}

TEST(Driver, DoesNotStartWithoutItsTicket) {
    Bed bed;
    bed.form_primary();
    bed.a().stop();
    must(bed.a().driver().remove_ticket());
    EXPECT_FALSE(bed.a().try_start());
    EXPECT_FALSE(bed.a().driver().running_server());
}

TEST(Driver, FormsAPairThatStreams) {
    Bed bed;
    bed.form_primary();
    const auto primary = bed.a().observe();
    EXPECT_EQ(primary.state, ServerState::primary);
    EXPECT_EQ(primary.position.history.text, "1");
    EXPECT_EQ(primary.lowered, "");
    EXPECT_EQ(primary.unfit, "");
    std::uint64_t reported = 0;
    must(bed.run(bed.b().driver().clone(
        bed.a().member(), [&reported](Progress progress) { reported = progress.done_bytes; },
        soon())));
    EXPECT_GT(reported, 1U << 20U);
    bed.b().start(bed.standby_ticket(bed.b()));
    const auto standby = bed.b().observe_until(
        [](const auto& seen) { return seen.stream.connected; }, "the standby streams");
    EXPECT_EQ(standby.state, ServerState::standby);
    EXPECT_EQ(standby.stream.name, "ls_b_7");
    EXPECT_EQ(standby.system_id, primary.system_id);
    EXPECT_EQ(standby.unfit, "");
    EXPECT_EQ(standby.position.history, primary.position.history);
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(soon()))), Heartbeat::committed);
    EXPECT_EQ(must(bed.run(bed.b().driver().heartbeat(soon()))), Heartbeat::not_primary);
}

TEST(Driver, AdoptsARunningServerAfterItsOwnRestart) {
    Bed bed;
    bed.form_primary();
    const auto before = bed.a().driver().running_server();
    ASSERT_TRUE(before);
    bed.a().restart_driver();
    EXPECT_EQ(bed.a().driver().running_server(), before);
    const auto seen = bed.a().observe();
    EXPECT_EQ(seen.state, ServerState::primary);
    EXPECT_EQ(seen.lowered + seen.unfit, "");
}

TEST(Driver, ProvesThatCommitsWaitAndThenTakesTheBarrier) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    const auto barrier = must(bed.prove("ls_b_7", Milliseconds{20000}));
    EXPECT_EQ(barrier.history.text, "1");
    bed.b().observe_until([&](const auto& seen) { return reached(seen.position, barrier); },
                          "the standby passes the barrier while its replay is held");
    must(bed.run(bed.b().driver().release_replay(soon())));
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(soon()))), Heartbeat::committed);
}

TEST(Driver, HoldsReplayForASecondUnlessAskedAgain) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    const auto paused = [&] { return bed.b().sql("select pg_is_wal_replay_paused()") == "t"; };
    must(bed.run(bed.b().driver().hold_replay(soon())));
    bed.b().observe_until([&](const auto&) { return paused(); }, "the hold begins");
    const auto end = Deadline::in(Milliseconds{1800});
    auto asked = std::chrono::steady_clock::now();
    while (!end.passed()) { // Longer than one hold.
        const auto before = asked;
        asked = std::chrono::steady_clock::now();
        must(bed.run(bed.b().driver().hold_replay(soon())));
        const bool held = paused();
        const bool late = std::chrono::steady_clock::now() - before > Milliseconds{400};
        EXPECT_TRUE(held || late) << "though it was asked for all the time";
    }
    bed.b().observe_until([&](const auto&) { return !paused(); }, "the hold ends by itself");
}

TEST(Driver, MakesCommitsWaitForAFrozenStandbyAndReleasesThemWhenRelaxed) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    must(bed.prove("ls_b_7", Milliseconds{20000}));
    must(bed.run(bed.b().driver().release_replay(soon())));
    bed.a().sql("create table kept(id int)");
    bed.b().freeze();
    const auto writer = bed.a().session();
    must(writer->start("insert into kept values (1)"));
    EXPECT_FALSE(bed.run(writer->finish(Deadline::in(Milliseconds{300}))));
    const auto beat = bed.run(bed.a().driver().heartbeat(Deadline::in(Milliseconds{2000})));
    EXPECT_EQ(must(beat), Heartbeat::waiting_for_standby);
    must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a()), soon())));
    EXPECT_EQ(bed.a().sql("select count(*) from pg_stat_activity where wait_event = 'SyncRep'"),
              "0");
    EXPECT_TRUE(bed.run(writer->finish(soon())));
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(soon()))), Heartbeat::committed);
}

TEST(Driver, PromotesToAHistoryOfItsOwnAndMayBeAskedAgain) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    bed.a().sql("create table kept(id int)");
    bed.a().sql("insert into kept values (1)");
    bed.a().kill();
    EXPECT_TRUE(must(bed.run(bed.b().driver().never_promoted(soon()))));
    const auto history = must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_TRUE(history.text.starts_with("1@") && history.text.ends_with(" 2")) << history.text;
    EXPECT_FALSE(must(bed.run(bed.b().driver().never_promoted(soon()))));
    EXPECT_EQ(must(bed.run(bed.b().driver().promote(soon()))), history);
    const auto seen = bed.b().observe();
    EXPECT_EQ(seen.state, ServerState::primary);
    EXPECT_EQ(seen.position.history, history);
    EXPECT_EQ(bed.b().sql("select count(*) from kept"), "1");
    must(bed.run(bed.b().driver().apply(bed.primary_ticket(bed.b()), soon())));
    EXPECT_EQ(bed.b().observe().lowered, "");
}

TEST(Driver, AnOldPrimaryWithNothingOfItsOwnFollowsAsItIs) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.a().stop(); // A clean stop sends everything first.
    must(bed.run(bed.b().driver().promote(soon())));
    must(bed.run(bed.b().driver().apply(bed.primary_ticket(bed.b()), soon())));
    must(bed.run(bed.b().driver().keep_for({bed.a().member()}, soon())));
    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_9"));
    const auto history = bed.b().observe().position.history;
    bed.a().observe_until(
        [&](const auto& seen) {
            static_cast<void>(bed.run(bed.b().driver().heartbeat(soon())));
            return seen.stream.connected && seen.position.history == history;
        },
        "the old primary follows the new history");
}

TEST(Driver, KeepsWhatAnOldPrimaryWroteAloneBeforeItIsReplaced) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.b().freeze();
    bed.a().sql("create table lost as select generate_series(1, 1000)");
    bed.a().kill();
    bed.b().thaw();
    must(bed.run(bed.b().driver().promote(soon())));
    must(bed.run(bed.b().driver().apply(bed.primary_ticket(bed.b()), soon())));
    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    ASSERT_TRUE(verdict.diverged) << verdict.why;
    EXPECT_TRUE(verdict.fork.ends_with("on timeline 1")) << verdict.fork;
    const auto kept = bed.folder() / "kept";
    EXPECT_GT(must(bed.run(bed.a().driver().preserve(verdict, kept, soon()))), 16U << 20U);
    EXPECT_TRUE(fs::exists(kept / "README.txt"));
    EXPECT_TRUE(fs::exists(kept / "global" / "pg_control"));
    EXPECT_FALSE(fs::is_empty(kept / "pg_wal"));
    must(bed.run(bed.a().driver().discard(soon())));
    EXPECT_EQ(must(bed.run(bed.a().driver().inspect(soon()))).kind, DataFolder::Kind::empty);
    must(bed.run(bed.b().driver().keep_for({bed.a().member()}, soon())));
    must(bed.run(bed.a().driver().clone(bed.b().member(), {}, soon())));
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_9"));
    bed.a().observe_until([](const auto& seen) { return seen.stream.connected; },
                          "the rebuilt member streams");
}

TEST(Driver, BehindAShutDoorOnlyTheAgentAndTheStreamGetIn) { // R9
    Bed bed;
    bed.let_clients_in();
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    EXPECT_EQ(bed.a().driver().door(), Door::open);
    EXPECT_TRUE(bed.a().lets_in(By::tcp));
    EXPECT_TRUE(bed.a().lets_in(By::socket));
    const auto inside = must(bed.a().client(By::tcp));
    auto ticket = bed.primary_ticket(bed.a(), "ls_b_7");
    ticket.door = Door::shut;
    must(bed.run(bed.a().driver().apply(ticket, soon())));
    EXPECT_EQ(bed.a().driver().door(), Door::shut);
    EXPECT_FALSE(bed.run(inside->query("select 1", {}, soon()))) << "it was inside before";
    EXPECT_FALSE(bed.a().lets_in(By::tcp));
    EXPECT_FALSE(bed.a().lets_in(By::socket));
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(soon()))), Heartbeat::committed);
    EXPECT_TRUE(bed.a().observe().acknowledgements.streaming);
    ticket.door = Door::open;
    must(bed.run(bed.a().driver().apply(ticket, soon())));
    EXPECT_TRUE(bed.a().lets_in(By::tcp));
    EXPECT_TRUE(bed.a().lets_in(By::socket));
}

TEST(Driver, StartsBehindAShutDoorAndLetsTheStandbyStreamIn) { // R9
    Bed bed;
    bed.let_clients_in();
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    bed.a().kill();
    auto ticket = bed.primary_ticket(bed.a(), "ls_b_7");
    ticket.door = Door::shut;
    bed.a().start(ticket);
    EXPECT_FALSE(bed.a().lets_in(By::tcp));
    const auto end = bed.a().observe().position;
    bed.a().observe_until(
        [&](const auto& seen) {
            return seen.acknowledgements.streaming && reached(seen.acknowledged, end);
        },
        "the standby streams through the shut door and flushes past the end of recovery");
    EXPECT_FALSE(bed.a().lets_in(By::tcp));
    bed.a().restart_driver(); // A later agent knows the door from disk alone.
    EXPECT_EQ(bed.a().driver().door(), Door::shut);
    must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a(), "ls_b_7"), soon())));
    EXPECT_TRUE(bed.a().lets_in(By::tcp));
}

TEST(Driver, AClientThatIsOnItsWayInWhenTheDoorIsShutDoesNotGetIn) { // R9
    Bed bed;
    bed.let_clients_in();
    bed.form_primary();
    const auto knocking = bed.a().knock();
    auto ticket = bed.primary_ticket(bed.a());
    ticket.door = Door::shut;
    must(bed.run(bed.a().driver().apply(ticket, soon())));
    EXPECT_TRUE(knocking->is_hung_up());
}

TEST(Driver, SaysWhichRuleOfAccessTheServerRefuses) {
    Bed bed;
    bed.form_primary();
    auto ticket = bed.primary_ticket(bed.a());
    ticket.door = Door::shut;
    must(bed.run(bed.a().driver().apply(ticket, soon())));
    bed.a().set_hba({"host all nonsense"});
    ticket.door = Door::open;
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto opened = bed.run(bed.a().driver().apply(ticket, soon()));
        ASSERT_FALSE(opened) << "the rules of before are still in force";
        EXPECT_EQ(opened.error().code, Errc::refused);
        EXPECT_NE(opened.error().message.find("line"), std::string::npos) << opened.error().message;
    }
}

TEST(Driver, SaysUnreachableWithoutAServer) {
    Bed bed;
    must(bed.run(bed.a().driver().initialise(soon())));
    const auto seen = bed.run(bed.a().driver().observe(soon()));
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, Errc::unreachable);
    const auto judged = bed.run(bed.a().driver().judge(bed.b().member(), soon()));
    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, Errc::unreachable) << judged.error().message;
}

} // namespace
} // namespace lockstep
