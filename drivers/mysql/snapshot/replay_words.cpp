#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/flavour.h"
#include "drivers/mysql/session.h"
#include "drivers/mysql/snapshot/log_place.h"
#include "drivers/mysql/snapshot/replay.h"

namespace lockstep::mysql {

namespace {

constexpr auto not_logged = "SET SESSION sql_log_bin = 0";
constexpr auto logged = "SET SESSION sql_log_bin = 1";

} // namespace

GtidSet held_after(const Replay& replay) {
    if (replay.plan.slices.empty()) {
        return replay.held;
    }
    const auto flavour = replay.held.flavour();
    if (flavour == Flavour::mariadb) {
        return GtidSet::parse(flavour, replay.plan.last_gtid).value_or(replay.held);
    }
    const auto& reign = replay.expected.reigns.back();
    const auto own = reign.began.of_server(reign.writer).count();
    auto held = reign.began;
    held.add(reign.writer, {1, own + replay.plan.end - place_after(reign.began)});
    return held;
}

/// Durable is what it leaves when it ends. One thread: with several, MariaDB 10.11 crashes on relay
/// logs that no upstream sent; and MySQL 9.7 stops at the end of one that it would purge, as "not
/// listed in the index" (error 13121). Its own log holds nothing before the new history's first
/// transaction.
Settings replaying_settings(Flavour flavour) {
    Settings settings = {{"innodb_flush_log_at_trx_commit", "0"},
                         {"sync_binlog", "0"},
                         {"read_only", "OFF"},
                         {"replicate_same_server_id", "ON"}};
    const Settings mysql = {{"super_read_only", "OFF"},
                            {"log_replica_updates", "OFF"},
                            {"replica_parallel_workers", "1"},
                            {"relay_log_purge", "OFF"},
                            {"replica_max_allowed_packet", "1073741824"}};
    const Settings mariadb = {{"gtid_strict_mode", "OFF"},
                              {"log_slave_updates", "OFF"},
                              {"slave_parallel_threads", "0"},
                              {"slave_max_allowed_packet", "1073741824"}};
    const auto& own = flavour == Flavour::mysql ? mysql : mariadb;
    settings.insert(settings.end(), own.begin(), own.end());
    return settings;
}

std::vector<std::string> to_begin_replay(const Replay& replay) {
    const auto flavour = replay.held.flavour();
    const std::string start(words(flavour).start_applier);
    if (flavour == Flavour::mysql) {
        return {not_logged,
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'nobody', SOURCE_USER = 'nobody', "
                "SOURCE_AUTO_POSITION = 0, RELAY_LOG_FILE = 'relay.000001', RELAY_LOG_POS = 4",
                start};
    }
    return {
        not_logged, "SET GLOBAL gtid_slave_pos = " + quote(replay.held.print()),
        "CHANGE MASTER TO MASTER_HOST = 'nobody', MASTER_USER = 'nobody', MASTER_USE_GTID = no, "
        "RELAY_LOG_FILE = 'relay.000001', RELAY_LOG_POS = 4",
        start};
}

std::vector<std::string> to_end_replay(Flavour flavour) {
    return {not_logged, std::string(words(flavour).stop_both),
            std::string(words(flavour).forget_upstream)};
}

std::vector<std::string> to_begin_history(const GtidSet& held, std::size_t number,
                                          const std::string& mark) {
    const bool mysql = held.flavour() == Flavour::mysql;
    const auto quoted = quote(held.print());
    std::vector<std::string> statements;
    if (!mysql) { // MySQL keeps what it replayed in a table, and its log begins after that.
        statements = {"RESET MASTER", "SET GLOBAL gtid_binlog_state = " + quoted,
                      "SET GLOBAL gtid_slave_pos = " + quoted};
    }
    statements.emplace_back(logged);
    statements.push_back(fmt::format(
        "INSERT INTO lockstep.history (number, writer, mark, began) VALUES ({}, {}, {}, {})",
        number, mysql ? "@@global.server_uuid" : "@@global.server_id", quote(mark), quoted));
    return statements;
}

} // namespace lockstep::mysql
