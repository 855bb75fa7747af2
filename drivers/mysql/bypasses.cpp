#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// What lets a session commit without waiting for the standby, or lose rows at a failover (F6).
/// The engine cannot forbid it, so it is told to the operator.
namespace lockstep {

using mysql::quote;

namespace {

constexpr std::chrono::seconds look_every{10};

/// Whoever is root on the host may do all of it anyway, by the agent's account. Not so one that
/// somebody gave a password.
constexpr auto is_local_root =
    "GRANTEE = '\\'root\\'@\\'localhost\\'' AND EXISTS (SELECT 1 FROM mysql.user WHERE User = "
    "'root' AND Host = 'localhost' AND (plugin IN ('auth_socket', 'unix_socket') OR "
    "authentication_string = 'invalid'))"; // MariaDB's installer: by no password, or the socket.

/// Both engines' names for what passes the wait, the log, the door or the standby's read_only.
constexpr auto accounts_sql =
    "SELECT CONCAT('RPO 0 not in force for account ', REPLACE(GRANTEE, '\\'', ''), ': it has ', "
    "GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY PRIVILEGE_TYPE SEPARATOR ', '), ', so it may leave its "
    "commits out of the binary log, acknowledge commits as a standby does, or pass a shut door') "
    "FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN ('SUPER', 'REPLICATION "
    "SLAVE', 'BINLOG ADMIN', 'CONNECTION ADMIN', 'READ_ONLY ADMIN', 'BINLOG_ADMIN', "
    "'CONNECTION_ADMIN', 'SYSTEM_VARIABLES_ADMIN', 'SESSION_VARIABLES_ADMIN') AND "
    "SUBSTRING_INDEX(TRIM(LEADING '\\'' FROM GRANTEE), '\\'@', 1) NOT IN ({}, 'mysql.session', "
    "'mysql.sys', 'mysql.infoschema', 'mariadb.sys') AND GRANTEE NOT LIKE '\\'ls\\_%' AND NOT ({}) "
    "GROUP BY GRANTEE ORDER BY GRANTEE LIMIT 5";

/// What does not take part in a transaction is not there after a crash as it was before.
constexpr auto tables_sql =
    "SELECT CONCAT('RPO 0 not in force for table ', TABLE_SCHEMA, '.', TABLE_NAME, ': its engine "
    "is ', ENGINE) FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND "
    "ENGINE <> 'InnoDB' AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', "
    "'information_schema') LIMIT 5";

struct Bypass {
    std::string sql;
    Finding::Weight weight;
    const char* mend;
};

std::vector<Bypass> all_bypasses() {
    return {{fmt::format(fmt::runtime(accounts_sql), quote(mysql::own_account()), is_local_root),
             Finding::Weight::reported,
             "REVOKE these privileges, or use the account for nothing that applications do"},
            {tables_sql, Finding::Weight::refused, "ALTER TABLE … ENGINE = InnoDB, or drop it"}};
}

} // namespace

Awaitable<Result<Findings>> MysqlDriver::find_bypasses(Session::Ptr session, Deadline deadline) {
    Findings found;
    for (const auto& bypass : all_bypasses()) {
        const auto rows = co_await session->query(bypass.sql, deadline);
        if (!rows) {
            co_return tl::unexpected(rows.error());
        }
        for (std::size_t row = 0; row < rows->size(); ++row) {
            found.push_back({bypass.weight, {}, {}, rows->text(row, 0), bypass.mend});
        }
    }
    co_return found;
}

Awaitable<void> MysqlDriver::look_for_bypasses(Session::Ptr session, Deadline deadline) {
    const auto now = Clock::now();
    if (now < remembered_.bypasses_due) {
        co_return;
    }
    const auto found = co_await find_bypasses(session, deadline);
    if (!found) { // What was known stays said; the next look asks again.
        co_return;
    }
    remembered_.bypasses_due = now + look_every;
    remembered_.notes.clear();
    for (const auto& finding : *found) {
        remembered_.notes.push_back(finding.what);
    }
}

} // namespace lockstep
