#include "platform/sqlite.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "platform/files.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

class SqliteTest : public testing::Test {
protected:
    Sqlite open() {
        auto db = Sqlite::open(file_);
        EXPECT_TRUE(db) << (db ? "" : db.error().message);
        return std::move(*db);
    }
    static std::string answer(Sqlite& db, std::string_view sql) {
        auto query = db.prepare(sql);
        EXPECT_TRUE(query) << query.error().message;
        EXPECT_TRUE(query->step().value());
        return query->text(0);
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "test.db";
};

TEST_F(SqliteTest, OpensDurableAndExclusive) {
    auto db = open();
    EXPECT_EQ(answer(db, "PRAGMA journal_mode"), "wal");
    EXPECT_EQ(answer(db, "PRAGMA synchronous"), "2"); // FULL
    EXPECT_EQ(answer(db, "PRAGMA locking_mode"), "exclusive");
    EXPECT_EQ(answer(db, "PRAGMA foreign_keys"), "1");
}

TEST_F(SqliteTest, IsReadableForItsOwnerOnly) {
    auto db = open();
    ASSERT_TRUE(db.run("CREATE TABLE t (x)"));
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
        struct stat about {};
        ASSERT_EQ(stat(entry.path().c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777U, 0600U) << entry.path();
    }
}

TEST_F(SqliteTest, KeepsNumbersAndTextsAsTheyAre) {
    auto db = open();
    ASSERT_TRUE(db.run("CREATE TABLE t (number, text)"));
    const std::string odd("a'\0\xC3\xA9", 5);
    auto insert = db.prepare("INSERT INTO t VALUES (?, ?)").value();
    for (const auto number : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
        ASSERT_FALSE(insert.bind(1, number).bind(2, odd).step().value());
    }
    ASSERT_FALSE(insert.bind(1, std::int64_t{7}).bind(2, std::string_view()).step().value());
    auto query = db.prepare("SELECT number, text FROM t ORDER BY number").value();
    ASSERT_TRUE(query.step().value());
    EXPECT_EQ(query.integer(0), INT64_MIN);
    EXPECT_EQ(query.text(1), odd);
    ASSERT_TRUE(query.step().value());
    ASSERT_TRUE(query.step().value());
    EXPECT_EQ(query.text(1), "");
    ASSERT_TRUE(query.step().value());
    EXPECT_EQ(query.integer(0), INT64_MAX);
    EXPECT_FALSE(query.step().value());
    EXPECT_EQ(answer(db, "SELECT count(*) FROM t WHERE text IS NULL"), "0");
}

TEST_F(SqliteTest, AFailedTransactionLeavesNothing) {
    auto db = open();
    ASSERT_TRUE(db.run("CREATE TABLE t (x)"));
    const auto done = db.transaction([&]() -> Result<void> {
        EXPECT_TRUE(db.run("INSERT INTO t VALUES (1)"));
        return fail(Errc::conflict, "changed");
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "changed");
    EXPECT_EQ(answer(db, "SELECT count(*) FROM t"), "0");
    EXPECT_TRUE(db.transaction([&] { return db.run("INSERT INTO t VALUES (1)"); }));
    EXPECT_EQ(answer(db, "SELECT count(*) FROM t"), "1");
}

TEST_F(SqliteTest, ABrokenConstraintIsAConflict) {
    auto db = open();
    ASSERT_TRUE(db.run("CREATE TABLE t (x PRIMARY KEY); INSERT INTO t VALUES (1)"));
    auto insert = db.prepare("INSERT INTO t VALUES (1)").value();
    const auto done = insert.step();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::conflict);
    EXPECT_NE(done.error().message.find(file_.string()), std::string::npos);
}

TEST_F(SqliteTest, ASecondOpenerIsAConflict) {
    auto db = open();
    const auto second = Sqlite::open(file_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos);
    ASSERT_TRUE(db.run("CREATE TABLE t (x)")); // The first one is not disturbed.
}

TEST_F(SqliteTest, WhatIsNoDatabaseIsCorruptAndStaysAsItIs) {
    const std::string content(8192, 'x');
    std::ofstream(file_) << content;
    const auto db = Sqlite::open(file_);
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::corrupt);
    std::ifstream in(file_);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), content);
}

TEST_F(SqliteTest, ADatabaseOfAnotherProgramIsRefusedAndStaysAsItIs) {
    ASSERT_TRUE(open().run("PRAGMA journal_mode=DELETE; CREATE TABLE bookmarks (url)"));
    const auto before = read_file(file_).value();
    const auto refused = Sqlite::open(file_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_EQ(read_file(file_).value(), before);
}

TEST_F(SqliteTest, AMissingFolderIsRefusedAndNamed) {
    const auto db = Sqlite::open(folder_ / "missing/test.db");
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::refused);
    EXPECT_NE(db.error().message.find("missing/test.db"), std::string::npos);
}

TEST_F(SqliteTest, WrongSqlIsAnErrorNotACrash) {
    auto db = open();
    EXPECT_EQ(db.prepare("SELEKT 1").error().code, Errc::refused);
    EXPECT_EQ(db.run("SELEKT 1").error().code, Errc::refused);
}

TEST_F(SqliteTest, AFullDiskIsRefusedAndUndone) {
    auto db = open();
    ASSERT_TRUE(db.run("CREATE TABLE t (x); PRAGMA max_page_count = 8"));
    auto full = Result<void>{};
    for (int i = 0; i < 100 && full; ++i) {
        full = db.transaction([&] { return db.run("INSERT INTO t VALUES (zeroblob(3000))"); });
    }
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::refused);
    EXPECT_NE(full.error().message.find("full"), std::string::npos);
    EXPECT_TRUE(db.run("BEGIN IMMEDIATE; ROLLBACK")); // No transaction was left open.
}

} // namespace
} // namespace lockstep
