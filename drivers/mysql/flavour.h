#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/mysql/config.h"

/// What differs between the two only by name. What differs in kind is in files of its own.
namespace lockstep::mysql {

struct Words {
    std::string_view engine;  // "mariadb": the driver's name, and in the record.
    std::string_view product; // "MariaDB", for people.
    std::string_view server;  // Programs, looked for in Config::bin_dir.
    std::string_view client;
    std::string_view log_decoder;
    std::string_view copier; // Empty: the server clones itself.

    std::string_view wait_enabled; // Variables of semi-synchronous replication.
    std::string_view wait_timeout;
    std::string_view wait_point;
    std::string_view wait_without_standby;
    std::string_view acknowledge_enabled;
    std::string_view wait_status; // Status variables.
    std::string_view acknowledging_streams;
    std::string_view waiting_sessions;
    std::string_view not_waited_for;
    std::string_view switched_off; // How often the wait was.

    std::string_view wait_state;   // Processlist: a commit that waits for the standby.
    std::string_view queued_state; // Processlist: a commit queued behind one that waits.
    std::string_view processlist;  // Table: ID, USER, COMMAND, STATE, INFO.
    std::string_view kill_softly;  // Ends a session, but not its commit's wait.

    std::string_view start_receiver;
    std::string_view stop_receiver;
    std::string_view start_applier;
    std::string_view stop_applier;
    std::string_view stop_both;
    std::string_view forget_upstream;
    std::string_view show_stream;
    std::string_view upstream_host; // Columns of it.
    std::string_view upstream_port;
    std::string_view upstream_user;
    std::string_view receiver_runs; // "Yes", "No", "Connecting"; MariaDB also "Preparing".
    std::string_view applier_runs;
    std::string_view received;
    std::string_view read_offset;

    std::string_view log_updates;

    std::string_view receiver_number; // Option of the log decoder: as which server it receives.
};

[[nodiscard]] const Words& words(Flavour flavour);

/// The largest timeout that both engines were seen to wait for.
inline constexpr std::string_view longest_wait_ms = "1000000000000000000";

/// Server versions that are known to do all that is asked of them. Errors: `unsupported`, naming
/// the version and the least one.
[[nodiscard]] Result<void> check_version(Flavour flavour, std::string_view version);

} // namespace lockstep::mysql
