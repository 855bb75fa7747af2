#include "drivers/postgres/postgres_driver.h"

namespace lockstep {

namespace {
constexpr auto beat_sql = "select case when not pg_is_in_recovery() then "
                          "pg_logical_emit_message(true, 'lockstep', '') end";
} // namespace

/// Whether the heartbeat's commit waits for the standby, and for nothing else.
Awaitable<Result<bool>> PostgresDriver::beat_waits(int server_pid, Deadline deadline) {
    auto opened = co_await kept(&Sessions::look, Commits::unwaited, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto look = *opened;
    std::string sql = "select wait_event from pg_stat_activity where pid = $1::int";
    std::vector<std::string> values{std::to_string(server_pid)};
    const auto rows = co_await look->query(std::move(sql), std::move(values), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return !rows->empty() && rows->text(0, 0) == "SyncRep";
}

/// One commit at a time: while one waits, later calls wait for the same one.
Awaitable<Result<Heartbeat>> PostgresDriver::heartbeat(Deadline deadline) {
    auto opened = co_await kept(&Sessions::pulse, Commits::waiting, deadline);
    if (!opened) {
        co_return within("heartbeat", opened.error());
    }
    const auto pulse = *opened;
    if (!pulse->is_busy()) {
        if (auto started = pulse->start(beat_sql); !started) {
            co_return within("heartbeat", started.error());
        }
    }
    const auto most = postgres::most_of(deadline);
    const auto beaten = co_await pulse->finish(most);
    if (beaten) {
        co_return beaten->is_null(0, 0) ? Heartbeat::not_primary : Heartbeat::committed;
    }
    if (beaten.error().code != Errc::timeout) {
        co_return within("heartbeat", beaten.error());
    }
    const auto waits = co_await beat_waits(pulse->server_pid(), deadline);
    if (waits && *waits) {
        co_return Heartbeat::waiting_for_standby;
    }
    co_return within("heartbeat", waits ? beaten.error() : waits.error());
}

/// A standby acknowledges by itself whatever it has, whenever it streams.
Awaitable<Result<std::string>> PostgresDriver::acknowledge_held(Deadline /*deadline*/) {
    co_return std::string{};
}

} // namespace lockstep
