#include <chrono>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "drivers/common/entries.h"
#include "drivers/postgres/lsn.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"
#include "tests/integration/postgres/bed.h"

/// PostgreSQL's own ways of undoing what Lockstep promises, each seen by the red team.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using bed::Bed;
using bed::must;
using bed::Node;
using bed::soon;

TEST(Postgres, REDTEAM_F3_DoesNotProveWhatOnlyTheSettingsSay) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.b().kill();
    // The name is set, and nobody streams under it.
    must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a(), "ls_b_7"), soon())));
    const auto nobody = bed.prove("ls_b_7", Milliseconds{10000}, false);
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code, Errc::refused) << nobody.error().message;
    const auto other = bed.prove("ls_b_8", Milliseconds{10000}, false);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::refused) << other.error().message;
}

TEST(Postgres, REDTEAM_F3_ProvesByACommitThatARoleCannotLower) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.a().sql("alter role postgres set synchronous_commit = off");
    bed.tighten();
    EXPECT_TRUE(bed.prove("ls_b_7", Milliseconds{20000}));
}

TEST(Postgres, REDTEAM_F7_ARebuildNeverCountsAsTheStandby) {
    Bed bed;
    bed.form_primary();
    bed.a().sql("create table kept as select generate_series(1, 200000)");
    must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a(), "ls_b_7"), soon())));
    bool counted = false;
    bool streamed = false;
    must(bed.run(bed.b().driver().clone(
        bed.a().member(), [&](Progress) { streamed = true; }, soon())));
    counted = bed.a().observe().acknowledgements.streaming;
    EXPECT_TRUE(streamed);
    EXPECT_FALSE(counted);
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(Deadline::in(Milliseconds{2000})))),
              Heartbeat::waiting_for_standby);
}

TEST(Postgres, NamesWhoUndidAStrictTicketAndPutsItBack) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    bed.a().sql("alter system set synchronous_standby_names = ''");
    bed.a().sql("select pg_reload_conf()");
    const auto seen = bed.a().observe_until([](const auto& now) { return !now.lowered.empty(); },
                                            "the change is seen");
    EXPECT_NE(seen.lowered.find("synchronous_standby_names"), std::string::npos) << seen.lowered;
    EXPECT_NE(seen.lowered.find("postgresql.auto.conf"), std::string::npos) << seen.lowered;
    must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a(), "ls_b_7"), soon())));
    EXPECT_EQ(bed.a().observe().lowered, "");
    EXPECT_EQ(bed.a().sql("show synchronous_standby_names"), "FIRST 1 (\"ls_b_7\")");
}

TEST(Postgres, AppliesNothingAndSaysWhyWhenTheConfigurationIsBroken) {
    Bed bed;
    bed.form_primary();
    std::ofstream(bed.a().config().data_dir / "postgresql.auto.conf", std::ios::app)
        << "work_mem = = '4MB'\n"; // Then a reload changes nothing at all.
    const auto applied = bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a(), "ls_b_7"),
                                                        Deadline::in(Milliseconds{5000})));
    ASSERT_FALSE(applied);
    EXPECT_NE(applied.error().message.find("postgresql.auto.conf line"), std::string::npos)
        << applied.error().message;
}

TEST(Postgres, REDTEAM_F5_WhatTheTicketCannotOverruleMakesAStandbyUnfit) {
    Bed bed;
    bed.form_primary();
    must(bed.run(bed.b().driver().clone(bed.a().member(), {}, soon())));
    must(bed.b().driver().write_ticket(bed.standby_ticket(bed.b())));
    // PostgreSQL itself refuses a target beside the ticket's empty ones.
    EXPECT_FALSE(bed.b().try_start({"-c", "recovery_target_name=before_the_mistake"}));
    ASSERT_TRUE(bed.b().try_start({"-c", "restore_command=/bin/false"}));
    const auto seen = bed.b().observe();
    EXPECT_NE(seen.unfit.find("restore_command"), std::string::npos) << seen.unfit;
    EXPECT_NE(seen.unfit.find("/bin/false"), std::string::npos) << seen.unfit;
    EXPECT_NE(seen.unfit.find("command line"), std::string::npos) << seen.unfit;
}

TEST(Postgres, REDTEAM_F5_ATicketOverrulesALeftOverRecoveryTargetInTheFiles) {
    Bed bed;
    bed.form_primary();
    must(bed.run(bed.b().driver().clone(bed.a().member(), {}, soon())));
    std::ofstream(bed.b().config().data_dir / "postgresql.auto.conf", std::ios::app)
        << "recovery_target = 'immediate'\nrecovery_target_action = 'promote'\n";
    bed.b().start(bed.standby_ticket(bed.b()));
    const auto seen = bed.b().observe_until([](const auto& now) { return now.stream.connected; },
                                            "the standby streams");
    EXPECT_EQ(seen.state, ServerState::standby);
    EXPECT_EQ(seen.unfit, "");
}

TEST(Postgres, REDTEAM_F6_TellsWhatCommitsWithoutTheStandby) {
    Bed bed;
    bed.form_primary();
    bed.a().sql("create role careless");
    bed.a().sql("alter role careless set synchronous_commit = off");
    bed.a().sql("create function hasty() returns int language sql set synchronous_commit = local "
                "as 'select 1'");
    bed.a().sql("create unlogged table fleeting(id int)");
    bed.a().restart_driver(); // Looks at once; later every 10 s.
    const auto seen = bed.a().observe_until(
        [](const auto& now) { return now.rpo_notes.size() >= 3; }, "three notes");
    std::string all;
    for (const auto& note : seen.rpo_notes) {
        all += note + "\n";
    }
    for (const auto* const name : {"careless", "hasty()", "fleeting"}) {
        EXPECT_NE(all.find(name), std::string::npos) << all;
    }
}

TEST(Postgres, REDTEAM_F9_ACopyOfTheDataDoesNotStartByHand) {
    Bed bed;
    bed.form_primary();
    must(bed.run(bed.b().driver().clone(bed.a().member(), {}, soon())));
    EXPECT_FALSE(bed.b().try_start());
}

TEST(Postgres, REDTEAM_F13_AStandbyUnderAPrimarysTicketStaysAStandbyUntilPromoted) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.b().stop();
    bed.a().kill();
    EXPECT_EQ(bed.b().start(bed.primary_ticket(bed.b())).state, ServerState::standby);
    const auto history = must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_TRUE(history.text.ends_with(" 2")) << history.text;
}

TEST(Postgres, REDTEAM_F2_WritesNothingMoreToTheSegmentOfTheFork) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.a().kill();
    const auto history = must(bed.run(bed.b().driver().promote(soon())));
    const auto fork = history.text.substr(2, history.text.find(' ') - 2);
    EXPECT_EQ(bed.b().sql("select floor(('" + fork +
                          "'::pg_lsn - '0/0') / 16777216) < "
                          "floor((pg_current_wal_insert_lsn() - '0/0') / 16777216)"),
              "t");
}

TEST(Postgres, RefusesToJudgeAgainstAnotherDatabaseNamingBoth) {
    Bed bed;
    bed.form_primary();
    const auto theirs = bed.a().observe().system_id;
    must(bed.run(bed.b().driver().initialise(soon())));
    const auto own = must(bed.run(bed.b().driver().inspect(soon()))).system_id;
    const auto verdict = bed.run(bed.b().driver().judge(bed.a().member(), soon()));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code, Errc::refused);
    EXPECT_NE(verdict.error().message.find(theirs), std::string::npos) << verdict.error().message;
    EXPECT_NE(verdict.error().message.find(own), std::string::npos) << verdict.error().message;
}

void remove_log_segment(Node& node, const std::string& name) {
    ASSERT_TRUE(fs::remove(node.config().data_dir / "pg_wal" / name)) << name;
}

TEST(Postgres, JudgesAStandbyThatCannotCatchUpAnyMoreAsOneToReplace) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.b().stop();
    const auto same = must(bed.run(bed.b().driver().judge(bed.a().member(), soon())));
    EXPECT_FALSE(same.diverged) << same.why;
    EXPECT_TRUE(same.same_timeline);
    const auto needed = bed.a().sql("select pg_walfile_name(pg_current_wal_lsn())");
    bed.a().sql("select pg_switch_wal()");
    bed.a().sql("checkpoint");
    remove_log_segment(bed.a(), needed);
    const auto gone = must(bed.run(bed.b().driver().judge(bed.a().member(), soon())));
    EXPECT_TRUE(gone.diverged);
    EXPECT_NE(gone.why.find("no longer keeps"), std::string::npos) << gone.why;
    EXPECT_GT(must(bed.run(bed.b().driver().preserve(gone, bed.folder() / "kept", soon()))), 0U);
}

TEST(Postgres, RefusesToKeepALogThatIsNoLongerWhole) {
    Bed bed;
    bed.form_primary();
    const auto fork = must(postgres::parse_lsn(bed.a().sql("select pg_current_wal_lsn()")));
    const auto first = bed.a().sql("select pg_walfile_name(pg_current_wal_lsn())");
    bed.a().sql("select pg_switch_wal()");
    bed.a().sql("create table alone()");
    bed.a().stop();
    const Divergence from{true, "the fork", fork, "it wrote alone", true};
    EXPECT_GT(must(bed.run(bed.a().driver().preserve(from, bed.folder() / "whole", soon()))), 0U);
    remove_log_segment(bed.a(), first);
    const auto kept = bed.run(bed.a().driver().preserve(from, bed.folder() / "kept", soon()));
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, Errc::refused);
    EXPECT_NE(kept.error().message.find("no longer whole"), std::string::npos)
        << kept.error().message;
    EXPECT_FALSE(fs::exists(bed.folder() / "kept"));
}

TEST(Postgres, BeginsAnInterruptedCloneAnew) {
    Bed bed;
    bed.form_primary();
    auto& driver = bed.b().driver();
    const auto data = driver.data_folder();
    fs::create_directories(data / "base");
    std::ofstream(data / incomplete_marker) << "";
    std::ofstream(data / "PG_VERSION") << "15\n";
    const auto folder = must(bed.run(driver.inspect(soon())));
    EXPECT_EQ(folder.kind, DataFolder::Kind::empty);
    EXPECT_NE(folder.what.find("interrupted"), std::string::npos);
    must(bed.run(driver.clone(bed.a().member(), {}, soon())));
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::database);
}

TEST(Postgres, LeavesNothingOfACloneThatFails) {
    Bed bed;
    auto& driver = bed.b().driver();
    const auto cloned = bed.run(driver.clone(bed.a().member(), {}, soon()));
    ASSERT_FALSE(cloned);
    EXPECT_NE(cloned.error().message.find("pg_basebackup"), std::string::npos)
        << cloned.error().message;
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).what, "an empty folder");
}

TEST(Postgres, NamesAMissingToolByItsPath) {
    Bed bed;
    auto config = bed.a().config();
    config.bin_dir = "/nowhere";
    const auto driver = PostgresDriver::make(bed.context().get_executor(), config);
    const auto made = bed.run(driver->initialise(soon()));
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("/nowhere/initdb"), std::string::npos)
        << made.error().message;
}

TEST(Postgres, LetsNobodyReplicateWithoutAPeersCertificate) {
    Bed bed;
    bed.form_primary();
    // b is known to a as a peer only as long as a's ticket says so.
    auto alone = bed.primary_ticket(bed.a());
    alone.peers.clear();
    must(bed.run(bed.a().driver().apply(alone, soon())));
    const auto cloned = bed.run(bed.b().driver().clone(bed.a().member(), {}, soon()));
    ASSERT_FALSE(cloned);
    must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a()), soon())));
    must(bed.run(bed.b().driver().clone(bed.a().member(), {}, soon())));
}

TEST(Postgres, KeepsSlotsForPeersOnly) {
    Bed bed;
    bed.form_primary();
    bed.a().sql("select pg_create_physical_replication_slot('lockstep_gone')");
    bed.a().sql("select pg_create_physical_replication_slot('of_the_user')");
    must(bed.run(bed.a().driver().keep_for({bed.b().member()}, soon())));
    EXPECT_EQ(bed.a().sql("select string_agg(slot_name, ' ' order by slot_name) "
                          "from pg_replication_slots"),
              "lockstep_b of_the_user");
}

TEST(Postgres, SeesAStreamThatFellSilent) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bed.a().freeze();
    bed.b().observe_until([](const auto& seen) { return seen.stream.silent > Milliseconds{700}; },
                          "silence");
    bed.a().thaw();
    bed.b().observe_until(
        [&](const auto& seen) {
            static_cast<void>(bed.run(bed.a().driver().heartbeat(soon())));
            return seen.stream.silent < Milliseconds{600};
        },
        "words again");
}

Awaitable<int> beat_and_observe(Driver& driver, const bool& stop) {
    int answers = 0;
    while (!stop) {
        const auto deadline = soon();
        const auto beaten = co_await driver.heartbeat(deadline);
        const auto seen = co_await driver.observe(deadline);
        EXPECT_TRUE(beaten) << beaten.error().message;
        EXPECT_TRUE(seen) << seen.error().message;
        ++answers;
    }
    co_return answers;
}

TEST(Postgres, BeatsAndObservesWhileCommandsRun) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    bool stop = false;
    int answers = 0;
    asio::co_spawn(bed.context(), beat_and_observe(bed.a().driver(), stop),
                   [&](std::exception_ptr, int count) { answers = count; });
    for (int round = 0; round < 10; ++round) {
        bed.tighten();
        ASSERT_TRUE(bed.prove("ls_b_7", Milliseconds{20000}));
        must(bed.run(bed.b().driver().release_replay(soon())));
        must(bed.run(bed.a().driver().apply(bed.primary_ticket(bed.a()), soon())));
    }
    stop = true;
    const auto end = soon();
    while (answers == 0 && !end.passed()) {
        bed.context().restart();
        bed.context().run_one();
    }
    EXPECT_GT(answers, 10);
}

TEST(Postgres, ClosesASessionWhoseQueryDoesNotAnswerInTime) {
    Bed bed;
    bed.form_primary();
    const auto session = bed.a().session();
    const auto pid = std::to_string(session->server_pid());
    const auto slept =
        bed.run(session->query("select pg_sleep(30)", {}, Deadline::in(Milliseconds{100})));
    ASSERT_FALSE(slept);
    EXPECT_EQ(slept.error().code, Errc::timeout);
    EXPECT_FALSE(session->is_open());
    const auto after = bed.run(session->query("select 1", {}, soon()));
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code, Errc::unreachable);
    // A frozen server is no reason to wait for longer than was said.
    bed.a().freeze();
    const auto begin = std::chrono::steady_clock::now();
    const auto seen = bed.run(bed.a().driver().observe(Deadline::in(Milliseconds{300})));
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, Errc::timeout) << seen.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
}

// With PostgreSQL's defaults, 4 promotions of 10 take 5 s more than they need.
TEST(Postgres, NeverPromotesFiveSecondsLate) {
    Bed bed;
    bed.form_primary();
    bed.add_standby();
    auto* primary = &bed.a();
    auto* standby = &bed.b();
    for (int round = 0; round < 10; ++round) {
        standby->observe(); // As the agent does all the time: sessions are open.
        primary->kill();
        const auto begin = std::chrono::steady_clock::now();
        must(bed.run(standby->driver().promote(soon())));
        const auto took =
            std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
        std::cout << "promotion " << round << ": " << took.count() << " ms\n";
        EXPECT_LT(took, Milliseconds{4500});
        must(bed.run(standby->driver().apply(bed.primary_ticket(*standby), soon())));
        must(bed.run(standby->driver().keep_for({primary->member()}, soon())));
        must(bed.run(primary->driver().discard(soon())));
        must(bed.run(primary->driver().clone(standby->member(), {}, soon())));
        primary->start(bed.standby_ticket(*primary));
        primary->observe_until([](const auto& seen) { return seen.stream.connected; },
                               "the rebuilt member streams");
        std::swap(primary, standby);
    }
}

} // namespace
} // namespace lockstep
