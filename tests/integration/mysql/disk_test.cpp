#include <fstream>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/integration/mysql/bed.h"

/// What a driver does with data on disk, on real servers of both flavours.
namespace lockstep {
namespace {

namespace fs = std::filesystem;
using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::soon;

class MysqlDisk : public testing::TestWithParam<Flavour> {};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlDisk, testing::Values(Flavour::mariadb, Flavour::mysql),
                         [](const auto& each) {
                             return each.param == Flavour::mysql ? "mysql" : "mariadb";
                         });

constexpr auto all_rows =
    "SELECT GROUP_CONCAT(id, COALESCE(what, 'NULL') ORDER BY id) FROM shop.kept";

/// b is primary; a, which crashed with commits that b never acknowledged, is not started.
void fail_over(Bed& bed) {
    bed.a().kill();
    must(bed.run(bed.b().driver().promote(soon())));
    bed.b().apply(bed.primary_ticket(bed.b()));
}

/// From here on b receives nothing; frozen, it would find in its socket what it had not read yet.
void cut_stream(Bed& bed) {
    bed.b().sql(std::string(mysql::words(bed.b().config().flavour).stop_receiver));
}

/// Commits that hang because b does not receive them, and are in a's log; how many.
void write_phantoms(Bed& bed, int count) {
    cut_stream(bed);
    const auto& word = mysql::words(bed.a().config().flavour);
    bed.a().sql("SET GLOBAL " + std::string(word.wait_enabled) + " = ON");
    std::vector<mysql::Session::Ptr> writers;
    for (int i = 0; i < count; ++i) {
        writers.push_back(bed.a().session());
        must(writers.back()->start("INSERT INTO shop.kept (what) VALUES ('lost')"));
    }
    if (bed.a().config().flavour == Flavour::mysql) { // It takes back a table that was made, too.
        writers.push_back(bed.a().session());
        must(writers.back()->start("CREATE TABLE shop.lost (id INT PRIMARY KEY)"));
    }
    const auto patience = Deadline::in(std::chrono::milliseconds{700});
    EXPECT_FALSE(bed.run(writers.front()->finish(patience))) << "it must wait";
    bed.a().kill();
}

TEST_P(MysqlDisk, TellsAbsentEmptyForeignAndOwnDataApart) {
    Bed bed(GetParam());
    auto& driver = bed.a().driver();
    const auto data = driver.data_folder();
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::absent);
    fs::create_directory(data);
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::empty);
    std::ofstream(data / "letter.txt") << "mine";
    EXPECT_EQ(must(bed.run(driver.inspect(soon()))).kind, DataFolder::Kind::other);
    EXPECT_FALSE(bed.run(driver.initialise(soon())));
    EXPECT_TRUE(fs::exists(data / "letter.txt"));
    fs::remove(data / "letter.txt");
    must(bed.run(driver.initialise(soon())));
    const auto folder = must(bed.run(driver.inspect(soon())));
    EXPECT_EQ(folder.kind, DataFolder::Kind::database);
    EXPECT_TRUE(folder.clean_shutdown);
    EXPECT_FALSE(folder.standby);
    EXPECT_FALSE(must(bed.run(driver.never_promoted(soon()))));
    EXPECT_FALSE(folder.system_id.empty());
    EXPECT_FALSE(driver.running_server());
}

TEST_P(MysqlDisk, ANewDatabaseHasNoGtidAndNoAccountFromOutside) {
    Bed bed(GetParam());
    auto& a = bed.a();
    must(bed.run(a.driver().initialise(soon())));
    a.start(bed.primary_ticket(a));
    EXPECT_TRUE(a.driver().running_server());
    EXPECT_EQ(a.sql(GetParam() == Flavour::mysql ? "SELECT @@GLOBAL.gtid_executed"
                                                 : "SELECT @@GLOBAL.gtid_binlog_pos"),
              "");
    EXPECT_EQ(a.sql("SELECT COUNT(*) FROM mysql.user WHERE User = '' OR Host <> 'localhost'"), "0");
    EXPECT_EQ(a.sql("SELECT COUNT(*) FROM lockstep.identity"), "1");
    EXPECT_EQ(a.sql("SELECT system_id FROM lockstep.identity"), a.observe().system_id);
}

TEST_P(MysqlDisk, DoesNotStartWithoutItsTicket) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.a().stop();
    EXPECT_TRUE(must(bed.run(bed.a().driver().inspect(soon()))).clean_shutdown);
    must(bed.a().driver().remove_ticket());
    EXPECT_FALSE(bed.a().try_start());
    EXPECT_FALSE(bed.a().driver().running_server());
}

TEST_P(MysqlDisk, TheGuardiansUnlinkOfTheTicketIsEnough) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.a().kill();
    EXPECT_FALSE(must(bed.run(bed.a().driver().inspect(soon()))).clean_shutdown);
    must(remove_file_durably(bed.a().driver().ticket_path()));
    EXPECT_FALSE(bed.a().try_start());
}

TEST_P(MysqlDisk, ClonesToTheExactPosition) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.a().sql("INSERT INTO shop.kept (what) VALUES ('one'), ('two\\nlines'), (NULL)");
    std::uint64_t reported = 0;
    OnProgress on_progress = [&reported](Progress progress) { reported = progress.done_bytes; };
    must(bed.copy(bed.a(), bed.b(), on_progress));
    EXPECT_GT(reported, 0U);
    const auto folder = must(bed.run(bed.b().driver().inspect(soon())));
    EXPECT_TRUE(folder.standby);
    EXPECT_TRUE(must(bed.run(bed.b().driver().never_promoted(soon()))));
    EXPECT_EQ(folder.system_id, bed.a().observe().system_id);
    const auto verdict = must(bed.run(bed.b().driver().judge(bed.a().member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    bed.a().sql("INSERT INTO shop.kept (what) VALUES ('later')");
    bed.b().start(bed.standby_ticket(bed.b(), "ls_b_async"));
    bed.b().apply(bed.standby_ticket(bed.b(), "ls_b_async"));
    bed.b().observe_until([](const auto& seen) { return seen.stream.connected; }, "b streams");
    const auto position = bed.a().observe().position;
    const auto seen = bed.b().observe_until(
        [&position](const auto& now) { return reached(now.position, position); }, "b catches up");
    EXPECT_EQ(seen.unfit, "");
    bed.b().observe_until(
        [&bed](const auto&) {
            return bed.b().sql(all_rows) == bed.a().sql(all_rows) &&
                   bed.b().sql("SELECT COUNT(*) FROM shop.kept") == "4";
        },
        "b has the rows");
}

TEST_P(MysqlDisk, ACloneThatFailsLeavesNothing) {
    Bed bed(GetParam());
    const auto cloned = bed.run(bed.b().driver().clone(bed.a().member(), {}, soon()));
    ASSERT_FALSE(cloned);
    EXPECT_EQ(must(bed.run(bed.b().driver().inspect(soon()))).kind, DataFolder::Kind::empty);
}

/// MySQL's clone says of such a table that it copied it, and leaves it empty. MariaDB's copies it.
TEST_P(MysqlDisk, NoCopyLacksRowsOfAnotherEngine) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.a().sql("CREATE TABLE shop.loose (id INT) ENGINE = MyISAM");
    bed.a().sql("INSERT INTO shop.loose VALUES (1), (2)");
    const auto copyable = bed.run(bed.b().driver().check_copyable(bed.a().member(), soon()));
    EXPECT_EQ(copyable.has_value(), GetParam() == Flavour::mariadb);
    if (GetParam() == Flavour::mysql) {
        EXPECT_NE(copyable.error().message.find("`shop`.`loose`"), std::string::npos);
        const auto copied = bed.copy(bed.a(), bed.b(), {});
        ASSERT_FALSE(copied);
        EXPECT_NE(copied.error().message.find("`shop`.`loose` is of the engine MyISAM"),
                  std::string::npos)
            << copied.error().message;
        EXPECT_EQ(must(bed.run(bed.b().driver().inspect(soon()))).kind, DataFolder::Kind::empty);
        bed.a().sql("ALTER TABLE shop.loose ENGINE = InnoDB");
        EXPECT_TRUE(bed.run(bed.b().driver().check_copyable(bed.a().member(), soon())));
    }
    must(bed.copy(bed.a(), bed.b(), {}));
    bed.b().start(bed.standby_ticket(bed.b(), "ls_b_async"));
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.loose"), "2");
}

TEST_P(MysqlDisk, SaysWhereAStoppedPrimaryEnds) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    bed.a().sql("INSERT INTO shop.kept (what) VALUES ('last')");
    const auto before = bed.a().observe().position;
    EXPECT_FALSE(must(bed.run(bed.a().driver().stopped_at(soon()))));
    bed.a().stop();
    const auto end = must(bed.run(bed.a().driver().stopped_at(soon())));
    ASSERT_TRUE(end);
    EXPECT_TRUE(reached(*end, before));
    bed.b().observe_until([&end](const auto& seen) { return reached(seen.position, *end); },
                          "the standby has all of it");
    bed.a().start(bed.primary_ticket(bed.a()));
    must(bed.run(bed.a().driver().drain(Milliseconds{100}, soon())));
    bed.a().kill();
    EXPECT_FALSE(must(bed.run(bed.a().driver().stopped_at(soon())))) << "it crashed";
}

TEST_P(MysqlDisk, AnOldPrimaryWithNothingOfItsOwnFollowsAsItIs) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    bed.a().sql("INSERT INTO shop.kept (what) VALUES ('kept')");
    const auto written = bed.a().observe().position;
    bed.b().observe_until([&written](const auto& seen) { return reached(seen.position, written); },
                          "b has it");
    fail_over(bed);
    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_async"));
    bed.a().apply(bed.standby_ticket(bed.a(), "ls_a_async"));
    const auto position = bed.b().observe().position;
    bed.a().observe_until(
        [&position](const auto& seen) {
            return seen.stream.connected && reached(seen.position, position);
        },
        "the old primary follows");
}

// What a restart would commit: FINDING_9.
TEST_P(MysqlDisk, FINDING_10_KeepsCutsAndDecodesWhatNobodyAcknowledged) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    bed.a().sql("INSERT INTO shop.kept (what) VALUES ('kept')");
    const auto written = bed.a().observe().position;
    bed.b().observe_until([&written](const auto& seen) { return reached(seen.position, written); },
                          "b has it");
    write_phantoms(bed, 3);
    must(bed.run(bed.b().driver().promote(soon())));
    bed.b().apply(bed.primary_ticket(bed.b()));
    bed.b().sql("INSERT INTO shop.kept (what) VALUES ('new')");
    auto& old = bed.a().driver();
    const auto verdict = must(bed.run(old.judge(bed.b().member(), soon())));
    ASSERT_TRUE(verdict.diverged) << verdict.why;
    EXPECT_NE(verdict.fork_offset_bytes, 0U);
    EXPECT_TRUE(verdict.fork.starts_with("before ")) << verdict.fork;
    const auto kept = bed.folder() / "kept";
    EXPECT_GT(must(bed.run(old.preserve(verdict, kept, soon()))), 0U);
    const auto plan = must(bed.run(old.prepare_rewind(bed.b().member(), kept, soon())));
    ASSERT_EQ(plan.hindrance, "");
    must(bed.run(old.rewind(bed.b().member(), {}, soon())));
    const auto after = must(bed.run(old.judge(bed.b().member(), soon())));
    EXPECT_FALSE(after.diverged) << after.why;
    EXPECT_TRUE(must(bed.run(old.never_promoted(soon()))));
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_async"));
    bed.a().apply(bed.standby_ticket(bed.a(), "ls_a_async"));
    const auto position = bed.b().observe().position;
    bed.a().observe_until(
        [&position](const auto& seen) {
            return seen.stream.connected && seen.unfit.empty() && reached(seen.position, position);
        },
        "the rewound primary follows");
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM shop.kept WHERE what = 'lost'"), "0");
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM information_schema.tables WHERE "
                          "table_schema = 'shop' AND table_name = 'lost'"),
              "0");
    EXPECT_EQ(bed.a().sql(all_rows), bed.b().sql(all_rows));
    const auto decoded = must(bed.run(old.decode(kept, verdict.fork_offset_bytes, soon())));
    EXPECT_TRUE(decoded.done);
    EXPECT_GE(decoded.committed + decoded.heartbeats, 1U);
    EXPECT_GE(decoded.committed, 1U);
    ASSERT_FALSE(decoded.transactions.empty());
    EXPECT_TRUE(fs::exists(kept / "transactions.txt"));
    EXPECT_TRUE(fs::exists(kept / "README.txt"));
}

TEST_P(MysqlDisk, WhatTheEngineCommittedIsFoundAndNotTakenForRewound) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby(); // Nobody waits: what is written alone is committed.
    cut_stream(bed);
    for (int i = 0; i < 20; ++i) {
        bed.a().sql("INSERT INTO shop.kept (what) VALUES ('alone')");
    }
    bed.a().kill();
    must(bed.run(bed.b().driver().promote(soon())));
    bed.b().apply(bed.primary_ticket(bed.b()));
    auto& old = bed.a().driver();
    const auto verdict = must(bed.run(old.judge(bed.b().member(), soon())));
    ASSERT_TRUE(verdict.diverged) << verdict.why;
    const auto kept = bed.folder() / "kept";
    must(bed.run(old.preserve(verdict, kept, soon())));
    const auto plan = must(bed.run(old.prepare_rewind(bed.b().member(), kept, soon())));
    if (plan.hindrance.empty()) {
        const auto rewound = bed.run(old.rewind(bed.b().member(), {}, soon()));
        EXPECT_FALSE(rewound) << "the engine had committed what b lacks";
        EXPECT_EQ(must(bed.run(old.inspect(soon()))).kind, DataFolder::Kind::empty);
    }
    must(bed.run(old.discard(soon())));
    must(bed.copy(bed.b(), bed.a()));
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_async"));
    bed.a().apply(bed.standby_ticket(bed.a(), "ls_a_async"));
    bed.a().observe_until([](const auto& seen) { return seen.stream.connected; }, "a streams");
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM shop.kept WHERE what = 'alone'"),
              bed.b().sql("SELECT COUNT(*) FROM shop.kept WHERE what = 'alone'"));
}

} // namespace
} // namespace lockstep
