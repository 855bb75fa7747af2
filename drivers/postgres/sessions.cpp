#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"

namespace lockstep {

using postgres::Rows;
using postgres::Settings;

Settings PostgresDriver::local_connection(const std::string& database, Commits commits) const {
    // What a user's configuration sets for everybody must not end the agent's sessions, and no
    // function of a user's may stand in for the engine's.
    std::string options = "-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0 "
                          "-c idle_in_transaction_session_timeout=0 -c jit=off";
    if (major_version() >= 14) {
        options += " -c idle_session_timeout=0";
    }
    switch (commits) {
    case Commits::as_configured: break;
    case Commits::unwaited: options += " -c synchronous_commit=local"; break;
    case Commits::waiting: options += " -c synchronous_commit=on"; break;
    case Commits::replayed: options += " -c synchronous_commit=remote_apply"; break;
    }
    return {
        {"host", config_.run_dir.string()},
        {"port", std::to_string(config_.port)},
        {"user", std::string(postgres::superuser)},
        {"dbname", database},
        {"application_name", "lockstep agent"},
        {"client_encoding", "UTF8"},
        {"options", options},
    };
}

/// A session of this kind that is ready for a query, opened if need be.
Awaitable<Result<PostgresDriver::Session::Ptr>>
PostgresDriver::kept(Session::Ptr Sessions::*which, Commits commits, Deadline deadline) {
    if (sessions_.*which && (sessions_.*which)->is_open()) {
        co_return sessions_.*which;
    }
    auto connection = local_connection("postgres", commits);
    auto opened = co_await Session::open(executor_, std::move(connection), deadline);
    if (opened) {
        sessions_.*which = *opened;
    }
    co_return opened;
}

Awaitable<Result<Rows>> PostgresDriver::command(std::string sql, std::vector<std::string> values,
                                                Deadline deadline) {
    auto session = co_await kept(&Sessions::control, Commits::unwaited, deadline);
    if (!session) {
        co_return tl::unexpected(session.error());
    }
    const auto held = *session; // forget_server() may let go of it meanwhile.
    co_return co_await held->query(std::move(sql), std::move(values), deadline);
}

Awaitable<Result<bool>> PostgresDriver::is_standby(Deadline deadline) {
    std::string sql = "select pg_is_in_recovery()";
    std::vector<std::string> none;
    const auto rows = co_await command(std::move(sql), std::move(none), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return rows->is_true(0, 0);
}

void PostgresDriver::forget_server() {
    for (const auto which :
         {&Sessions::control, &Sessions::watch, &Sessions::pulse, &Sessions::look, &Sessions::probe,
          &Sessions::hold, &Sessions::held, &Sessions::flush}) {
        if (auto session = std::exchange(sessions_.*which, nullptr)) {
            session->close();
        }
    }
    remembered_ = Remembered{};
}

} // namespace lockstep
