#include <algorithm>

#include <gtest/gtest.h>

#include "drivers/mysql/snapshot/replay.h"

namespace lockstep::mysql {
namespace {

constexpr auto uuid_a = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
constexpr auto uuid_b = "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb";

GtidSet set_of(Flavour flavour, const std::string& text) {
    return GtidSet::parse(flavour, text).value();
}

/// a wrote 10, then b.
Replay replay_of(Flavour flavour, std::uint64_t end) {
    Replay replay;
    const std::string a = uuid_a;
    replay.held = set_of(flavour, flavour == Flavour::mysql ? a + ":1-7" : "0-1-7");
    const auto began = set_of(flavour, flavour == Flavour::mysql ? a + ":1-10" : "0-1-10");
    replay.expected.reigns = {
        {1, flavour == Flavour::mysql ? a : "1", "a1", GtidSet(flavour)},
        {2, flavour == Flavour::mysql ? std::string(uuid_b) : "2", "b2", began}};
    replay.plan.from = 7;
    replay.plan.end = end;
    if (end > 7) {
        replay.plan.slices = {{"file", 4, 5}};
        replay.plan.last_gtid = "0-2-" + std::to_string(end);
    }
    return replay;
}

bool has(const std::vector<std::string>& statements, std::string_view part) {
    return std::ranges::any_of(
        statements, [part](const auto& one) { return one.find(part) != std::string::npos; });
}

TEST(Replay, KnowsWhatIsHeldAtItsEnd) {
    EXPECT_EQ(held_after(replay_of(Flavour::mysql, 13)).print(),
              std::string(uuid_a) + ":1-10," + uuid_b + ":1-3");
    EXPECT_EQ(held_after(replay_of(Flavour::mariadb, 13)).print(), "0-2-13");
    for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
        const auto nothing = replay_of(flavour, 7);
        EXPECT_EQ(held_after(nothing), nothing.held);
    }
}

TEST(Replay, TellsMariadbWhereItBeginsAndMysqlFindsItByItself) {
    const auto mariadb = to_begin_replay(replay_of(Flavour::mariadb, 13));
    EXPECT_TRUE(has(mariadb, "gtid_slave_pos = '0-1-7'"));
    EXPECT_TRUE(has(mariadb, "RELAY_LOG_FILE = 'relay.000001'"));
    EXPECT_EQ(mariadb.back(), "START SLAVE SQL_THREAD");
    const auto mysql = to_begin_replay(replay_of(Flavour::mysql, 13));
    EXPECT_FALSE(has(mysql, "gtid"));
    EXPECT_EQ(mysql.back(), "START REPLICA SQL_THREAD");
    for (const auto flavour : {Flavour::mysql, Flavour::mariadb}) {
        EXPECT_EQ(to_begin_replay(replay_of(flavour, 13)).front(), "SET SESSION sql_log_bin = 0");
        EXPECT_EQ(to_end_replay(flavour).front(), "SET SESSION sql_log_bin = 0");
    }
}

TEST(Replay, LogsTheNewReignAlone) {
    const auto mariadb = to_begin_history(set_of(Flavour::mariadb, "0-2-13"), 3, "cafe");
    EXPECT_EQ(mariadb.front(), "RESET MASTER");
    EXPECT_EQ(mariadb.back(), "INSERT INTO lockstep.history (number, writer, mark, began) VALUES "
                              "(3, @@global.server_id, 'cafe', '0-2-13')");
    EXPECT_EQ(mariadb[mariadb.size() - 2], "SET SESSION sql_log_bin = 1");
    const auto mysql =
        to_begin_history(set_of(Flavour::mysql, std::string(uuid_a) + ":1-10"), 2, "cafe");
    ASSERT_EQ(mysql.size(), 2U);
    EXPECT_TRUE(
        has(mysql, "(2, @@global.server_uuid, 'cafe', '" + std::string(uuid_a) + ":1-10')"));
}

} // namespace
} // namespace lockstep::mysql
