#include "controller/sqlite_store.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/support/pair_fixture.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

class SqliteStoreTest : public testing::Test {
protected:
    Result<std::unique_ptr<SqliteStore>> open() {
        return SqliteStore::open(file_, "machine", "key");
    }
    /// A store with one pair, closed, and then changed by `sql`.
    void make_store(std::string_view sql) {
        {
            auto store = open();
            ASSERT_TRUE(store) << store.error().message;
            auto record = fixture::solo_record();
            const std::vector<Event> events(1);
            ASSERT_TRUE((*store)->create(record, events));
        }
        change(sql);
    }
    void change(std::string_view sql) {
        auto db = Sqlite::open(file_);
        ASSERT_TRUE(db);
        const auto done = db->run(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::map<std::string, std::string> all_files() {
        std::map<std::string, std::string> contents;
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
            contents[entry.path().filename()] = read_file(entry.path()).value();
        }
        return contents;
    }

    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_ / "store.db";
};

TEST_F(SqliteStoreTest, ANewerFormatIsRefusedByItsNumberAndNotChangedByAByte) {
    make_store("UPDATE meta SET value = 4711 WHERE key = 'schema_version'");
    const auto before = all_files();
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unsupported);
    EXPECT_NE(refused.error().message.find("format 4711"), std::string::npos);
    EXPECT_NE(refused.error().message.find("newer"), std::string::npos);
    EXPECT_EQ(all_files(), before);
}

TEST_F(SqliteStoreTest, ACopiedStoreIsNotChangedByAByte) {
    make_store("");
    const auto before = all_files();
    EXPECT_EQ(SqliteStore::open(file_, "other", "key").error().code, Errc::refused);
    EXPECT_EQ(SqliteStore::open(file_, "machine", "other").error().code, Errc::refused);
    EXPECT_EQ(all_files(), before);
}

TEST_F(SqliteStoreTest, ADatabaseOfAnotherProgramIsRefused) {
    change("CREATE TABLE bookmarks (url)");
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_NE(refused.error().message.find("another program"), std::string::npos);
}

TEST_F(SqliteStoreTest, AStoreWithoutAVersionIsCorrupt) {
    make_store("DELETE FROM meta WHERE key = 'schema_version'");
    EXPECT_EQ(open().error().code, Errc::corrupt);
}

TEST_F(SqliteStoreTest, AStoreWithoutACounterIsCorrupt) {
    make_store("DELETE FROM meta WHERE key = 'head'");
    auto store = open().value();
    EXPECT_EQ(store->head().error().code, Errc::corrupt);
    auto record = fixture::solo_record();
    const std::vector<Event> events;
    EXPECT_EQ(store->swap(Revision{1}, record, events).error().code, Errc::corrupt);
}

TEST_F(SqliteStoreTest, ACorruptRecordNamesItsPair) {
    for (const auto* const damage :
         {"UPDATE pairs SET record = '{'", "UPDATE pairs SET record = '{}'",
          "UPDATE pairs SET record = replace(record, '\"primary\":\"a\"', '\"primary\":\"x\"')",
          "UPDATE pairs SET revision = 99",
          "UPDATE pairs SET record = replace(record, '\"pair\":\"shop\"', '\"pair\":\"blog\"')",
          "UPDATE meta SET value = 'elsewhere' WHERE key = 'store_id'"}) {
        std::filesystem::remove(file_);
        make_store(damage);
        auto store = open().value();
        const auto record = store->pair("shop");
        ASSERT_FALSE(record) << damage;
        EXPECT_EQ(record.error().code, Errc::corrupt);
        EXPECT_NE(record.error().message.find("pair shop"), std::string::npos);
        EXPECT_EQ(store->pairs().error(), record.error());
    }
}

TEST_F(SqliteStoreTest, EventsCannotBeChangedOrRemoved) {
    make_store("");
    auto db = Sqlite::open(file_);
    ASSERT_TRUE(db);
    EXPECT_EQ(db->run("UPDATE events SET message = 'x'").error().code, Errc::conflict);
    EXPECT_EQ(db->run("DELETE FROM events").error().code, Errc::conflict);
}

// What 0.1's stores were before pairs could be protected.
constexpr auto back_to_format_2 = "ALTER TABLE pairs DROP COLUMN protected;"
                                  "DROP TABLE deleted_pairs;"
                                  "UPDATE meta SET value = 2 WHERE key = 'schema_version'";

TEST_F(SqliteStoreTest, AStoreOfFormat2IsMigratedWithEverythingInIt) {
    make_store("");
    const auto before = open().value()->pair("shop").value();
    const SnapshotOrder order{SnapshotWork::take, "shop-1", "shop", {}, {}, {}, "ann", 2000};
    ASSERT_TRUE(open().value()->put_order(order));
    change(back_to_format_2);
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ((*store)->pair("shop").value(), before);
    EXPECT_EQ((*store)->orders().value(), std::vector{order});
    EXPECT_EQ((*store)->events({})->size(), 1U);
    EXPECT_TRUE((*store)->protected_pairs()->empty()) << "nobody asked for it";
    EXPECT_TRUE((*store)->deleted_pairs()->empty());
    ASSERT_TRUE((*store)->protect("shop", Protection::on, {}));
    store->reset();
    EXPECT_EQ(open().value()->protected_pairs().value(), std::vector<PairName>{"shop"});
}

TEST_F(SqliteStoreTest, AMigrationThatFailsLeavesTheOldFormat) {
    make_store("");
    change(back_to_format_2);
    change("CREATE TABLE deleted_pairs (mine)");
    ASSERT_FALSE(open());
    auto db = Sqlite::open(file_);
    ASSERT_TRUE(db);
    auto query = db->prepare("SELECT value, (SELECT count(*) FROM pragma_table_info('pairs') WHERE "
                             "name = 'protected') FROM meta WHERE key = 'schema_version'");
    ASSERT_TRUE(query && *query->step());
    EXPECT_EQ(query->integer(0), 2);
    EXPECT_EQ(query->integer(1), 0);
}

TEST_F(SqliteStoreTest, ACorruptReportNamesItsDeletedPair) {
    make_store("INSERT INTO deleted_pairs VALUES ('books', 1, 'b', '{')");
    const auto deleted = open().value()->deleted_pairs();
    ASSERT_FALSE(deleted);
    EXPECT_EQ(deleted.error().code, Errc::corrupt);
    EXPECT_NE(deleted.error().message.find("books"), std::string::npos);
}

TEST_F(SqliteStoreTest, AFailureAtTheEventsUndoesTheSwap) {
    make_store("CREATE TRIGGER no_events BEFORE INSERT ON events "
               "BEGIN SELECT RAISE(ABORT, 'no room'); END");
    auto store = open().value();
    auto next = store->pair("shop").value();
    const auto before = next;
    next.paused = true;
    const std::vector<Event> events(1);
    const auto failed = store->swap(before.revision, next, events);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("no room"), std::string::npos);
    EXPECT_FALSE(store->remove("shop", before.revision, events));
    EXPECT_EQ(store->pair("shop").value(), before);
    EXPECT_EQ(store->head().value(), before.revision);
    const std::vector<Event> none;
    EXPECT_TRUE(store->swap(before.revision, next, none)); // And the store goes on.
}

} // namespace
} // namespace lockstep
