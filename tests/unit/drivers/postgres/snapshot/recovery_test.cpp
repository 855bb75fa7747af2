#include "drivers/postgres/snapshot/recovery.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "drivers/postgres/text.h"

namespace lockstep::postgres {
namespace {

bool has(const std::vector<std::string>& arguments, const std::string& setting) {
    return std::find(arguments.begin(), arguments.end(), setting) != arguments.end();
}

std::vector<std::string> arguments_for(const RestoreTarget& target, const Settings& source = {}) {
    return recovery_arguments(Config{}, source, {"/tmp/x", "/data/it's 5%"}, target, 7);
}

TEST(Recovery, ListensNowhereButInItsPrivateFolderAndReachesNobody) {
    const auto arguments = arguments_for({});
    for (const auto* const setting :
         {"listen_addresses=", "unix_socket_directories=/tmp/x", "hba_file=/tmp/x/hba.conf",
          "archive_mode=off", "primary_conninfo=", "max_logical_replication_workers=0",
          "shared_preload_libraries=", "recovery_target_timeline=7",
          "recovery_target_action=promote"}) {
        EXPECT_TRUE(has(arguments, setting)) << setting;
    }
    EXPECT_TRUE(has(arguments, "restore_command=test -e '/data/it'\\''s 5%%/'%f && "
                               "cp '/data/it'\\''s 5%%/'%f \"%p\""));
}

TEST(Recovery, TakesOfTheSourcesSettingsWhatReplayDependsOn) { // RDS_R14
    const auto arguments = arguments_for({}, {{"max_connections", "900"},
                                              {"max_prepared_transactions", "20"},
                                              {"archive_command", "cp %p /archive/%f"},
                                              {"shared_preload_libraries", "pg_cron"}});
    EXPECT_TRUE(has(arguments, "max_connections=900"));
    EXPECT_TRUE(has(arguments, "max_prepared_transactions=20"));
    EXPECT_FALSE(has(arguments, "archive_command=cp %p /archive/%f"));
    EXPECT_FALSE(has(arguments, "shared_preload_libraries=pg_cron"));
}

TEST(Recovery, IsToldItsTarget) {
    RestoreTarget time;
    time.unix_ms = 1764128612978;
    EXPECT_TRUE(has(arguments_for(time), "recovery_target_time=2025-11-26 03:43:32.978+00"));
    RestoreTarget position;
    position.position = Position{{"1"}, 0x3000170};
    EXPECT_TRUE(has(arguments_for(position), "recovery_target_lsn=0/3000170"));
    EXPECT_TRUE(has(arguments_for(position), "recovery_target_inclusive=off"));
    RestoreTarget transaction;
    transaction.transaction = "727";
    EXPECT_TRUE(has(arguments_for(transaction), "recovery_target_xid=727"));
    EXPECT_TRUE(has(arguments_for(transaction), "recovery_target_inclusive=on"));
    transaction.exclusive = true;
    EXPECT_TRUE(has(arguments_for(transaction), "recovery_target_inclusive=off"));
    RestoreTarget name;
    name.name = "before";
    EXPECT_TRUE(has(arguments_for(name), "recovery_target_name=before"));
    RestoreTarget consistent;
    consistent.consistent = true;
    EXPECT_TRUE(has(arguments_for(consistent), "recovery_target=immediate"));
    EXPECT_TRUE(has_target(consistent));
    EXPECT_FALSE(has_target({}));
}

TEST(Recovery, LeavesAFolderThatNeedsATicketAndArchivesNowhere) {
    const auto once = restored_conf("archive_mode = on\nwork_mem = '4MB'\n"
                                    "include '/run/b.conf' # lockstep: must stay the last line\n",
                                    "/run/r.conf");
    EXPECT_EQ(once.find("archive_mode"), std::string::npos);
    EXPECT_EQ(once.find("/run/b.conf"), std::string::npos);
    EXPECT_NE(once.find("work_mem = '4MB'\n"), std::string::npos);
    EXPECT_TRUE(lines_of(once).back().starts_with("include '/run/r.conf'")) << once;
    EXPECT_EQ(restored_conf(once, "/run/r.conf"), once);
}

TEST(Recovery, HistoryFilesAreTheEnginesOwn) {
    const Descent descent{{{1, 0x3000170}, {2, 0x5000000}}, 4};
    EXPECT_EQ(parse_history_file(4, render_history_file(descent)), descent);
}

TEST(Recovery, ThatEndsOnAnAncestorBeginsItsHistoryThere) {
    const Descent followed{{{1, 0x5000000}, {2, 0x7000000}}, 3};
    EXPECT_EQ(begun_at(followed, 0x8000000, 9),
              (Descent{{{1, 0x5000000}, {2, 0x7000000}, {3, 0x8000000}}, 9}));
    EXPECT_EQ(begun_at(followed, 0x6000000, 9), (Descent{{{1, 0x5000000}, {2, 0x6000000}}, 9}));
    EXPECT_EQ(begun_at(followed, 0x3000000, 9), (Descent{{{1, 0x3000000}}, 9}));
    EXPECT_EQ(begun_at(Descent{{}, 1}, 0x3000000, 2), (Descent{{{1, 0x3000000}}, 2}));
    // As the engine writes it in the third case.
    EXPECT_EQ(begin_in_history_file("1\t0/5000000\tx\n\n2\t0/7000000\tx\n\n"
                                    "3\t0/3000000\tbefore 2026\n"),
              0x3000000U);
    EXPECT_FALSE(begin_in_history_file(""));
}

TEST(RecoveryLog, KnowsTheEndAndWhatWentWrong) {
    RecoveryLog log;
    EXPECT_FALSE(log.take("LOG:  restored log file \"000000010000000000000003\" from archive"));
    EXPECT_FALSE(log.take("LOG:  redo done at 0/3000138 system usage: CPU: user: 0.00 s"));
    EXPECT_FALSE(log.take("LOG:  last completed transaction was at log time "
                          "2026-11-26 03:56:17.146847+00"));
    EXPECT_FALSE(log.take("FATAL:  recovery ended before configured recovery target was reached"));
    EXPECT_EQ(log.segments(), 1U);
    EXPECT_EQ(log.last_record(), "0/3000138");
    EXPECT_TRUE(log.fell_short());
    EXPECT_EQ(log.last_commit_us(), 1795665377146847);
    EXPECT_FALSE(log.ready());
    EXPECT_TRUE(log.take("LOG:  database system is ready to accept connections"));
    EXPECT_TRUE(log.ready());
    EXPECT_FALSE(log.take("LOG:  database system is ready to accept read-only connections"));
}

TEST(RecoveryLog, ReadsTimes) {
    EXPECT_EQ(parse_utc_us("1970-01-01 00:00:00+00"), 0);
    EXPECT_EQ(parse_utc_us("1970-01-02 00:00:01.5+00"), 86401500000);
    for (const auto* const wrong : {"", "now", "1970-01-01", "1970-01-01 00:00:00+01"}) {
        EXPECT_FALSE(parse_utc_us(wrong)) << wrong;
    }
}

} // namespace
} // namespace lockstep::postgres
