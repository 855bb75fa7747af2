#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/schema.h"

namespace lockstep {

namespace {

constexpr std::chrono::seconds longest_command{60};
/// A commit may wait for the standby as long as nobody decides otherwise.
constexpr std::chrono::seconds longest_commit{24 * 3600};

} // namespace

mysql::Connection MysqlDriver::local_connection() const {
    mysql::Connection connection;
    connection.socket = mysql::socket_path(config_);
    connection.user = mysql::own_account();
    return connection;
}

mysql::Connection MysqlDriver::peer_connection(const Member& upstream) const {
    mysql::Connection connection;
    connection.address = upstream.address;
    connection.port = upstream.port;
    connection.user = mysql::peer_account(config_.member);
    connection.tls = config_.tls;
    return connection;
}

/// A session in the middle of something is left to its end and replaced, but for those whose
/// commits are waited for.
Awaitable<Result<MysqlDriver::Session::Ptr>> MysqlDriver::kept(Session::Ptr Sessions::*which,
                                                               Deadline deadline) {
    auto& session = sessions_.*which;
    const bool commits =
        which == &Sessions::pulse || which == &Sessions::canary || which == &Sessions::flush;
    if (session && session->is_open() && (commits || !session->is_busy())) {
        co_return session;
    }
    if (remembered_.stops) {
        co_return fail(Errc::unreachable, "the server was told to stop");
    }
    const bool logs_nothing = which == &Sessions::control || which == &Sessions::spare;
    if (which == &Sessions::control && sessions_.spare && sessions_.spare->is_open() &&
        !sessions_.spare->is_busy()) {
        sessions_.control = std::exchange(sessions_.spare, nullptr);
        co_return sessions_.control;
    }
    auto connection = local_connection();
    const auto longest = commits ? longest_commit : longest_command;
    auto opened = co_await Session::open(executor_, std::move(connection), longest, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto fresh = *opened;
    if (auto good = mysql::check_version(config_.flavour, fresh->server_version()); !good) {
        co_return tl::unexpected(good.error());
    }
    if (logs_nothing) {
        std::string off = "SET SESSION sql_log_bin = 0";
        const auto done = co_await fresh->query(std::move(off), deadline);
        if (!done) {
            co_return tl::unexpected(done.error());
        }
    }
    sessions_.*which = fresh;
    co_return fresh;
}

Awaitable<Result<MysqlDriver::Rows>> MysqlDriver::command(std::string sql, Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    auto rows = co_await session->query(sql, deadline);
    if (!rows) {
        co_return within(sql.substr(0, sql.find('\'')), rows.error());
    }
    co_return rows;
}

Awaitable<Result<void>> MysqlDriver::commands(std::vector<std::string> sql, Deadline deadline) {
    for (const auto& each : sql) {
        const auto done = co_await command(each, deadline);
        if (!done) {
            co_return tl::unexpected(done.error());
        }
    }
    co_return Result<void>{};
}

Awaitable<Result<bool>> MysqlDriver::is_standby(Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    const auto seen = co_await look(session, deadline);
    if (!seen) {
        co_return tl::unexpected(seen.error());
    }
    co_return seen->standby;
}

std::vector<std::uint64_t> MysqlDriver::own_sessions() const {
    std::vector<std::uint64_t> ids;
    for (const auto& session :
         {sessions_.control, sessions_.spare, sessions_.watch, sessions_.pulse, sessions_.look,
          sessions_.canary, sessions_.flush}) {
        if (session && session->is_open()) {
            ids.push_back(session->id());
        }
    }
    for (const auto& donor : donors_) {
        ids.push_back(donor->session()); // 0 is nobody's.
    }
    return ids;
}

} // namespace lockstep
