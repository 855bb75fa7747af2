#include "drivers/mysql/flavour.h"

#include <array>
#include <charconv>

namespace lockstep::mysql {
namespace {

constexpr Words mysql_words{
    .engine = "mysql",
    .product = "MySQL",
    .server = "mysqld",
    .client = "mysql",
    .log_decoder = "mysqlbinlog",
    .copier = "",
    .wait_enabled = "rpl_semi_sync_source_enabled",
    .wait_timeout = "rpl_semi_sync_source_timeout",
    .wait_point = "rpl_semi_sync_source_wait_point",
    .wait_without_standby = "rpl_semi_sync_source_wait_no_replica",
    .acknowledge_enabled = "rpl_semi_sync_replica_enabled",
    .wait_status = "Rpl_semi_sync_source_status",
    .acknowledging_streams = "Rpl_semi_sync_source_clients",
    .waiting_sessions = "Rpl_semi_sync_source_wait_sessions",
    .not_waited_for = "Rpl_semi_sync_source_no_tx",
    .switched_off = "Rpl_semi_sync_source_no_times",
    .wait_state = "Waiting for semi-sync ACK from replica",
    .queued_state = "waiting for handler commit",
    .processlist = "performance_schema.processlist",
    .kill_softly = "KILL CONNECTION",
    .start_receiver = "START REPLICA IO_THREAD",
    .stop_receiver = "STOP REPLICA IO_THREAD",
    .start_applier = "START REPLICA SQL_THREAD",
    .stop_applier = "STOP REPLICA SQL_THREAD",
    .stop_both = "STOP REPLICA",
    .forget_upstream = "RESET REPLICA ALL",
    .show_stream = "SHOW REPLICA STATUS",
    .upstream_host = "Source_Host",
    .upstream_port = "Source_Port",
    .upstream_user = "Source_User",
    .receiver_runs = "Replica_IO_Running",
    .applier_runs = "Replica_SQL_Running",
    .received = "Retrieved_Gtid_Set",
    .read_offset = "Read_Source_Log_Pos",
    .log_updates = "log_replica_updates",
    .receiver_number = "--connection-server-id",
};

constexpr Words mariadb_words{
    .engine = "mariadb",
    .product = "MariaDB",
    .server = "mariadbd",
    .client = "mariadb",
    .log_decoder = "mariadb-binlog",
    .copier = "mariadb-backup",
    .wait_enabled = "rpl_semi_sync_master_enabled",
    .wait_timeout = "rpl_semi_sync_master_timeout",
    .wait_point = "rpl_semi_sync_master_wait_point",
    .wait_without_standby = "rpl_semi_sync_master_wait_no_slave",
    .acknowledge_enabled = "rpl_semi_sync_slave_enabled",
    .wait_status = "Rpl_semi_sync_master_status",
    .acknowledging_streams = "Rpl_semi_sync_master_clients",
    .waiting_sessions = "Rpl_semi_sync_master_wait_sessions",
    .not_waited_for = "Rpl_semi_sync_master_no_tx",
    .switched_off = "Rpl_semi_sync_master_no_times",
    .wait_state = "Waiting for semi-sync ACK from slave",
    .queued_state = "Commit",
    .processlist = "information_schema.processlist",
    .kill_softly = "KILL SOFT CONNECTION",
    .start_receiver = "START SLAVE IO_THREAD",
    .stop_receiver = "STOP SLAVE IO_THREAD",
    .start_applier = "START SLAVE SQL_THREAD",
    .stop_applier = "STOP SLAVE SQL_THREAD",
    .stop_both = "STOP SLAVE",
    .forget_upstream = "RESET SLAVE ALL",
    .show_stream = "SHOW ALL SLAVES STATUS",
    .upstream_host = "Master_Host",
    .upstream_port = "Master_Port",
    .upstream_user = "Master_User",
    .receiver_runs = "Slave_IO_Running",
    .applier_runs = "Slave_SQL_Running",
    .received = "Gtid_IO_Pos",
    .read_offset = "Read_Master_Log_Pos",
    .log_updates = "log_slave_updates",
    .receiver_number = "--stop-never-slave-server-id",
};

struct Version {
    std::array<std::uint32_t, 3> parts{};
    friend auto operator<=>(const Version&, const Version&) = default;
};

/// The leading three numbers of `10.11.19-MariaDB-0+deb12u1-log`.
Version version_in(std::string_view text) {
    Version version;
    for (auto& part : version.parts) {
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), part);
        if (error != std::errc{}) {
            return {};
        }
        text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
        text.remove_prefix(!text.empty() && text.front() == '.' ? 1 : 0);
    }
    return version;
}

} // namespace

const Words& words(Flavour flavour) {
    return flavour == Flavour::mysql ? mysql_words : mariadb_words;
}

Result<void> check_version(Flavour flavour, std::string_view version) {
    const auto& product = words(flavour).product;
    const bool is_mariadb = version.find("MariaDB") != std::string_view::npos;
    if (is_mariadb != (flavour == Flavour::mariadb)) {
        return fail(Errc::unsupported, "the server is no " + std::string(product) +
                                           ", but says of itself " + std::string(version));
    }
    const auto least = is_mariadb ? Version{{10, 11, 0}} : Version{{8, 0, 26}};
    if (version_in(version) < least) {
        return fail(Errc::unsupported, std::string(product) + " " + std::string(version) +
                                           " is too old: " + (is_mariadb ? "10.11" : "8.0.26") +
                                           " is the least");
    }
    return {};
}

} // namespace lockstep::mysql
