#pragma once

#include <cstdint>
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

/// Tells a MariaDB upstream whose commits wait that this standby holds them, though it was never
/// asked for an acknowledgement of them (docs/engines.md, finding 8). Two streams are opened. The
/// first begins after `applied`: if the upstream says there that it has nothing to send, it says,
/// too, where its log ends. The second begins at that place and acknowledges: MariaDB takes the
/// position from which a stream begins for received (10.11: sql/sql_repl.cc, mysql_binlog_send;
/// sql/semisync_master.cc, Repl_semi_sync_master::dump_start). What either is sent is not looked
/// at.
///
/// Returns the place, "binlog.000007:4711"; empty: no commit waits there, or something comes that
/// `applied` lacks and that is acknowledged as it comes. Errors: `unreachable`, `refused` (the
/// server's words), `timeout`. Blocks, seconds longer than `deadline` at most.
[[nodiscard]] Result<std::string> acknowledge(const HeldLog& held, Deadline deadline);

} // namespace lockstep::mysql
