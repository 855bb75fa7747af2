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

/// What acknowledge() did.
struct Told {
    bool spoke = false; // No commit waits there: there was nothing to do.
    /// Where the upstream's log ends, all of which is told to be held: "binlog.000007:4711". Empty:
    /// it has more than `applied`, which is acknowledged as it comes.
    std::string up_to;
};

/// Frees the commits of a MariaDB upstream that wait for what this standby has, or that it cannot
/// get, though its stream stands (docs/engines.md, findings 8 and 13). Two streams are opened. The
/// first begins after `applied`: if the upstream says there that it has nothing to send, it says,
/// too, where its log ends. The second begins at that place, or else after `applied`, and
/// acknowledges: MariaDB takes the position from which a stream begins for received, and its
/// receiver of acknowledgements wakes up (10.11: sql/sql_repl.cc, mysql_binlog_send;
/// sql/semisync_master.cc, Repl_semi_sync_master::dump_start; sql/semisync_master_ack_receiver.cc).
/// What either is sent is neither looked at nor acknowledged.
///
/// Errors: `unreachable`, `refused` (the server's words), `timeout`. Blocks, seconds longer than
/// `deadline` at most.
[[nodiscard]] Result<Told> acknowledge(const HeldLog& held, Deadline deadline);

} // namespace lockstep::mysql
