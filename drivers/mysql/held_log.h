#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "drivers/mysql/session.h"

/// What a standby says in its server's place.
namespace lockstep::mysql {

struct HeldLog {
    Connection upstream;      // As the account by which the standby streams.
    std::string applied;      // GTIDs as in gtid_slave_pos: all that is applied and logged here.
    std::uint32_t number = 0; // A server_id that nobody else has: the upstream ends older streams
                              // of the same one.
};

/// A place in the upstream's log.
struct LogPlace {
    std::string file; // "binlog.000007"
    unsigned long offset_bytes = 0;
};

struct Waiting {
    bool waits = false; // A commit, for this standby.
    /// Where the log ends, all of which is applied here. Empty: it has more, which is acknowledged
    /// as it comes.
    std::optional<LogPlace> end;
};

/// Two steps free the commits of a MariaDB upstream that wait for what this standby has, or that it
/// cannot get, though its stream stands (docs/engines.md, findings 8 and 13); the second one only
/// if the standby is still one. Each begins a stream. That of the first begins after `applied`: if
/// the upstream says there that it has nothing to send, it says, too, where its log ends. That of
/// the second begins at that place, or else after `applied`, and acknowledges: MariaDB takes the
/// position from which a stream begins for received, and its receiver of acknowledgements wakes up
/// (10.11: sql/sql_repl.cc, mysql_binlog_send; sql/semisync_master.cc,
/// Repl_semi_sync_master::dump_start; sql/semisync_master_ack_receiver.cc). What either is sent is
/// neither looked at nor acknowledged.
///
/// Errors: `unreachable`, `refused` (the server's words), `timeout`. Both block: nothing is begun
/// after `deadline`, and each answer is waited for 2 s at most.
[[nodiscard]] Result<Waiting> look_for_waiting(const HeldLog& held, Deadline deadline);
[[nodiscard]] Result<void>
begin_to_acknowledge(const HeldLog& held, const std::optional<LogPlace>& place, Deadline deadline);

} // namespace lockstep::mysql
