#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/mysql/option_file.h"
#include "drivers/mysql/own_log.h"
#include "tests/unit/drivers/mysql/log_maker.h"

namespace lockstep::mysql {
namespace {

namespace fs = std::filesystem;

class MysqlOwnLog : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = "/tmp/lockstep-log-XXXXXX";
        config_.data_dir = ::mkdtemp(pattern.data());
        config_.flavour = Flavour::mariadb;
    }
    void TearDown() override { fs::remove_all(config_.data_dir); }

    void add_file(const LogMaker& log) {
        const auto name = "binlog.00000" + std::to_string(++files_);
        std::ofstream(config_.data_dir / name, std::ios::binary) << log.text();
        std::ofstream(log_index(config_), std::ios::app) << "./" << name << "\n";
    }
    static GtidSet set(const char* text) { return GtidSet::parse(Flavour::mariadb, text).value(); }
    /// Server 1 wrote up to 100, then server 2, up to `last`.
    static Upstream upstream(const char* last, const char* purged = "") {
        Upstream told;
        told.descent.reigns = {{1, "1", "m1", set("")}, {2, "2", "m2", set("0-1-100")}};
        told.held = set(last);
        told.purged = set(purged);
        return told;
    }

    Config config_;
    int files_ = 0;
};

TEST_F(MysqlOwnLog, IsEmptyWithoutAnyFile) {
    const auto log = read_own_log(config_, set("0-1-7"));
    ASSERT_TRUE(log);
    EXPECT_EQ(log->held.print(), "0-1-7");
    EXPECT_TRUE(log->closed);
    EXPECT_TRUE(log->files.empty());
}

TEST_F(MysqlOwnLog, HoldsWhatTheLastFileSays) {
    LogMaker first(Flavour::mariadb);
    first.before({});
    first.transaction(1, 1);
    first.close();
    add_file(first);
    LogMaker last(Flavour::mariadb);
    last.before({{0, 1, 1}});
    last.transaction(1, 2);
    add_file(last);
    const auto log = read_own_log(config_, set(""));
    ASSERT_TRUE(log);
    EXPECT_EQ(log->held.print(), "0-1-2");
    EXPECT_FALSE(log->closed);
    EXPECT_EQ(log->files.size(), 2U);
    EXPECT_EQ(log->end_bytes, last.size());
    EXPECT_EQ(log->end_unix_s, 1795636771U);
}

TEST_F(MysqlOwnLog, WhatTheUpstreamLacksIsAlone) {
    EXPECT_TRUE(alone_in(set("0-1-100"), upstream("0-1-100,0-2-150")).empty());
    EXPECT_TRUE(alone_in(set("0-1-90"), upstream("0-1-100,0-2-150")).empty());
    EXPECT_TRUE(alone_in(set("0-1-100,0-2-120"), upstream("0-1-100,0-2-150")).empty());
    EXPECT_FALSE(alone_in(set("0-1-101"), upstream("0-1-100,0-2-150")).empty());
    EXPECT_FALSE(alone_in(set("0-1-100,0-2-151"), upstream("0-1-100,0-2-150")).empty());
    EXPECT_FALSE(alone_in(set("0-1-100,0-3-101"), upstream("0-1-100,0-2-150")).empty());
    // A copy knows only the last GTID of what it was made from.
    EXPECT_TRUE(alone_in(set("0-1-100"), upstream("0-2-150")).empty());
}

TEST_F(MysqlOwnLog, SaysWhatIsNoLongerKept) {
    EXPECT_TRUE(no_longer_kept(set("0-1-100"), upstream("0-2-150", "0-1-100")).empty());
    EXPECT_TRUE(no_longer_kept(set("0-2-120"), upstream("0-2-150", "0-1-100")).empty());
    EXPECT_FALSE(no_longer_kept(set("0-1-90"), upstream("0-2-150", "0-1-100")).empty());
}

TEST_F(MysqlOwnLog, FindsWhereItBeginsToBeAlone) {
    LogMaker first(Flavour::mariadb);
    first.before({});
    first.transaction(1, 99);
    first.transaction(1, 100);
    const auto begin = first.size();
    first.transaction(1, 101);
    first.close();
    add_file(first);
    LogMaker last(Flavour::mariadb);
    last.before({{0, 1, 101}});
    last.transaction(1, 102);
    add_file(last);
    const auto log = read_own_log(config_, set(""));
    ASSERT_TRUE(log);
    const auto alone = alone_in(log->held, upstream("0-1-100,0-2-150"));
    const auto start = find_start(Flavour::mariadb, *log, alone);
    ASSERT_TRUE(start && *start);
    EXPECT_EQ((*start)->file, 0U);
    EXPECT_EQ((*start)->offset_bytes, begin);
    EXPECT_EQ((*start)->gtid, "0-1-101");
    EXPECT_TRUE((*start)->whole);
}

TEST_F(MysqlOwnLog, SaysWhenTheBeginningIsGone) {
    LogMaker last(Flavour::mariadb);
    last.before({{0, 1, 105}});
    last.transaction(1, 106);
    add_file(last);
    const auto log = read_own_log(config_, set(""));
    ASSERT_TRUE(log);
    const auto alone = alone_in(log->held, upstream("0-1-100,0-2-150"));
    const auto start = find_start(Flavour::mariadb, *log, alone);
    ASSERT_TRUE(start && *start);
    EXPECT_FALSE((*start)->whole);
}

TEST_F(MysqlOwnLog, AFileThatIsGoneIsAnError) {
    std::ofstream(log_index(config_)) << "./binlog.000001\n";
    EXPECT_EQ(read_own_log(config_, set("")).error().code, Errc::unreachable);
}

} // namespace
} // namespace lockstep::mysql
