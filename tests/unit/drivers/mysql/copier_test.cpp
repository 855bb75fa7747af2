#include "drivers/mysql/copier.h"

#include <gtest/gtest.h>

namespace lockstep::mysql {
namespace {

TEST(Copier, IsToldWhereTheServerIsAndNoSecret) {
    EXPECT_EQ(render_copier_options("/run/a.sock", "mysql"),
              "[mariadb-backup]\nsocket=\"/run/a.sock\"\nuser=\"mysql\"\n");
}

TEST(Copier, SaysWhereItsCopyEnds) {
    EXPECT_EQ(parse_copied_position("binlog.000001\t1232\t0-11-5\n").value().print(), "0-11-5");
    EXPECT_EQ(parse_copied_position("binlog.000001\t1\t0-1-5,1-1-2").value().print(),
              "0-1-5,1-1-2");
    for (const auto* const bad : {"", "binlog.000001\t1232\n", "binlog.000001", "x\t1\t0-1\n"}) {
        EXPECT_FALSE(parse_copied_position(bad)) << bad;
    }
}

TEST(Copier, TellsDataFromItsNotes) {
    for (const auto* const note : {"xtrabackup_info", "xtrabackup_binlog_info",
                                   "mariadb_backup_checkpoints", "backup-my.cnf"}) {
        EXPECT_TRUE(is_copiers_note(note)) << note;
    }
    for (const auto* const data : {"ibdata1", "shop", "aria_log_control", "ib_logfile0"}) {
        EXPECT_FALSE(is_copiers_note(data)) << data;
    }
    EXPECT_EQ(copied_file_in("[01] 2026-11-26 07:48:18 Copying ./shop/t.ibd to /x/shop/t.ibd"),
              "./shop/t.ibd");
    EXPECT_EQ(copied_file_in("[00] 2026-11-26 07:48:18 completed OK!"), "");
}

} // namespace
} // namespace lockstep::mysql
