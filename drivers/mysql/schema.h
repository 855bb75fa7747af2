#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "drivers/mysql/config.h"
#include "drivers/mysql/descent.h"

/// What Lockstep keeps inside the database, and the names of its accounts.
namespace lockstep::mysql {

/// The statements that make the schema `lockstep` with its tables, for initialise(); each is
/// harmless when repeated. `system_id` is drawn by whoever initialises: which database it is a copy
/// of. No row of history: the first promotion writes the first one.
///   lockstep.identity (one TINYINT PRIMARY KEY, system_id VARCHAR(36))
///   lockstep.history  (number BIGINT UNSIGNED PRIMARY KEY, writer VARCHAR(36),
///                      mark CHAR(16), began LONGTEXT)
///   lockstep.heartbeat (one TINYINT PRIMARY KEY, beat BIGINT UNSIGNED)
[[nodiscard]] std::vector<std::string> schema_statements(std::string_view system_id);

/// A commit of the driver's own besides the heartbeat, of a row that no heartbeat touches: a beat
/// that waits holds the lock of its own.
inline constexpr std::string_view canary_sql =
    "INSERT INTO lockstep.heartbeat (one, beat) SELECT 2, 1 FROM DUAL WHERE @@global.read_only = 0 "
    "ON DUPLICATE KEY UPDATE beat = lockstep.heartbeat.beat + 1";

/// The account of the agent's own sessions: the operating system's user, who needs no password
/// through the Unix socket.
[[nodiscard]] std::string own_account();
/// The statements that make it with every right (MariaDB: unix_socket; MySQL: auth_socket).
[[nodiscard]] std::vector<std::string> own_account_statements(Flavour flavour,
                                                              const std::string& account);

/// `ls_<member>_async`: streams to `member` while commits do not wait for it.
[[nodiscard]] std::string async_account(const MemberId& member);
/// `ls_<member>_peer`: reads for `member` what it must know to judge and to clone, never streams.
[[nodiscard]] std::string peer_account(const MemberId& member);
/// The member in a name that sync_name(), async_account() or peer_account() made; empty: none.
[[nodiscard]] std::string member_in_account(std::string_view account);
/// Made for one grant: neither `_async` nor `_peer`.
[[nodiscard]] bool is_sync_account(std::string_view account);

/// The subject of `member`'s certificate as the engines compare it: this certificate's own,
/// `/O=Lockstep/OU=agent/CN=a`, with the member's name in CN. Errors: `corrupt`, `refused`.
[[nodiscard]] Result<std::string> subject_of(const std::filesystem::path& own_certificate,
                                             const MemberId& member);

} // namespace lockstep::mysql
