#include "drivers/mysql/settings.h"

#include "drivers/mysql/flavour.h"
#include "drivers/mysql/schema.h"

namespace lockstep::mysql {
namespace {

std::string text(std::string_view view) {
    return std::string(view);
}

std::string on(bool yes) {
    return yes ? "ON" : "OFF";
}

/// What a commit that was answered is kept by, and named by.
void add_durability(const Config& config, std::vector<Managed>& out) {
    const auto& word = words(config.flavour);
    const bool mysql = config.flavour == Flavour::mysql;
    out.push_back({"server_id", std::to_string(server_id_of(config.member)), false, false});
    out.push_back({"log_bin", "ON", false, true});
    out.push_back({"binlog_format", "ROW", true, true});
    out.push_back({text(word.log_updates), "ON", false, false});
    out.push_back({"sync_binlog", "1", true, true});
    out.push_back({"innodb_flush_log_at_trx_commit", "1", true, true});
    out.push_back(
        {"binlog_expire_logs_seconds", std::to_string(config.binlog_keep_seconds), true, false});
    if (mysql) {
        out.push_back({"gtid_mode", "ON", false, true});
        out.push_back({"enforce_gtid_consistency", "ON", false, false});
        out.push_back({"replica_preserve_commit_order", "ON", false, false});
        out.push_back({"binlog_order_commits", "ON", true, false});
        return;
    }
    out.push_back({"gtid_strict_mode", "ON", true, false});
    out.push_back({"gtid_domain_id", "0", true, false});
}

/// What a standby acknowledges is in its relay log: kept over a restart, and over a loss of power
/// if every event is flushed, which the ticket says.
void add_replication(const Config& config, std::vector<Managed>& out) {
    const bool mysql = config.flavour == Flavour::mysql;
    out.push_back({"relay_log_recovery", "OFF", false, false});
    out.push_back({"relay_log_purge", "ON", true, false});
    out.push_back({mysql ? "replica_net_timeout" : "slave_net_timeout", "4", true, false});
    if (!mysql) {
        // A receiver that is stopped says so to its upstream first, and a promotion waits for that:
        // 2 s where the upstream's host is lost or frozen (measured), 1 s with this. 0 is for ever.
        out.push_back({"rpl_semi_sync_slave_kill_conn_timeout", "1", true, false});
    }
}

/// What the wait is, once it is on. Its being on is the ticket's.
void add_wait(const Config& config, std::vector<Managed>& out) {
    const auto& word = words(config.flavour);
    out.push_back({text(word.wait_timeout), text(longest_wait_ms), true, true});
    out.push_back({text(word.wait_point), "AFTER_SYNC", true, true});
    out.push_back({text(word.wait_without_standby), "ON", true, true});
    if (config.flavour == Flavour::mysql) {
        out.push_back({"rpl_semi_sync_source_wait_for_replica_count", "1", true, true});
    }
}

} // namespace

/// FNV-1a. Never 0, which no server may have.
std::uint32_t server_id_of(const MemberId& member) {
    std::uint32_t hash = 2166136261U;
    for (const char c : member) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    return hash == 0 ? 1 : hash;
}

std::vector<Managed> standing_settings(const Config& config) {
    std::vector<Managed> out;
    add_durability(config, out);
    add_replication(config, out);
    add_wait(config, out);
    return out;
}

std::vector<Managed> ticket_settings(const Config& config, const Ticket& ticket) {
    const auto& word = words(config.flavour);
    const bool waits = ticket.primary && !ticket.sync_name.empty();
    const bool acknowledges = !ticket.primary && is_sync_account(ticket.stream_name);
    std::vector<Managed> out;
    out.push_back({text(word.wait_enabled), on(waits), true, waits});
    out.push_back({text(word.acknowledge_enabled), on(acknowledges), true, false});
    // Before it acknowledges it only catches up, with what it may receive again (received.cpp): a
    // flush for each event would make it slower than a primary that waits for nobody. MariaDB
    // replays all of that and begins its relay logs anew before it can acknowledge.
    const bool flushes = acknowledges && config.durability == Durability::flush;
    out.push_back({"sync_relay_log", flushes ? "1" : "10000", true, false});
    if (config.flavour == Flavour::mysql) {
        out.push_back({"super_read_only", on(!ticket.primary), true, false});
    }
    out.push_back({"read_only", on(!ticket.primary), true, false});
    return out;
}

const std::set<std::string>& managed_names(Flavour flavour) {
    const auto names = [](Flavour of) {
        std::set<std::string> all;
        Config config;
        config.flavour = of;
        for (const auto& setting : standing_settings(config)) {
            all.insert(setting.variable);
        }
        for (const auto& setting : ticket_settings(config, Ticket{})) {
            all.insert(setting.variable);
        }
        return all;
    };
    static const auto mysql = names(Flavour::mysql);
    static const auto mariadb = names(Flavour::mariadb);
    return flavour == Flavour::mysql ? mysql : mariadb;
}

} // namespace lockstep::mysql
