#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"

/// R4.2 and R4.3: the effect is seen, never read from a setting (F3).
namespace lockstep {

using postgres::Rows;

namespace {
constexpr std::chrono::milliseconds look_again{5};
constexpr auto emit_probe = "select pg_logical_emit_message(true, 'lockstep', 'prove')";
} // namespace

/// A stream's sender reads the name a moment after the reload, so it gets a moment.
Awaitable<Result<void>> PostgresDriver::check_streaming(std::string sync_name, Deadline deadline) {
    const auto patience = deadline.earlier(std::chrono::milliseconds{500});
    while (true) {
        std::string sql = "select current_setting('synchronous_standby_names'), "
                          "(select count(*) from pg_stat_replication where application_name = $1 "
                          "and state = 'streaming' and sync_state = 'sync')";
        std::vector<std::string> values{sync_name};
        const auto rows = co_await command(std::move(sql), std::move(values), deadline);
        if (!rows) {
            co_return tl::unexpected(rows.error());
        }
        const auto in_force = postgres::sync_name_in(rows->text(0, 0));
        if (in_force != sync_name) {
            co_return fail(Errc::refused, fmt::format("commits wait for \"{}\", not for \"{}\"",
                                                      in_force, sync_name));
        }
        if (rows->text(0, 1) == "1") {
            co_return Result<void>{};
        }
        if (patience.passed()) {
            co_return fail(Errc::refused,
                           fmt::format("{} synchronous standbys stream under the name \"{}\"",
                                       rows->text(0, 1), sync_name));
        }
        co_await pause_for(look_again);
    }
}

/// Starts the probe's commit if none is under way, and looks whether the engine holds it. It
/// asks for remote_apply while the standby's replay is held, so a held commit stays held, and no
/// commit of a user's waits for longer than it would.
Awaitable<Result<bool>> PostgresDriver::probe_waits(Deadline deadline) {
    auto opened = co_await kept(&Sessions::probe, Commits::replayed, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto probe = *opened;
    if (!probe->is_busy()) {
        if (auto started = probe->start(emit_probe); !started) {
            co_return tl::unexpected(started.error());
        }
    }
    const auto soon = deadline.earlier(std::chrono::milliseconds{3});
    const auto finished = co_await probe->finish(soon);
    if (finished || finished.error().code != Errc::timeout) {
        co_return finished ? Result<bool>(false) : tl::unexpected(finished.error());
    }
    std::string sql = "select wait_event from pg_stat_activity where pid = $1::int";
    std::vector<std::string> values{std::to_string(probe->server_pid())};
    const auto rows = co_await command(std::move(sql), std::move(values), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    co_return !rows->empty() && rows->text(0, 0) == "SyncRep";
}

Awaitable<Result<Position>> PostgresDriver::end_of_log(Deadline deadline) {
    std::string sql = "select lsn, pg_walfile_name(lsn) from pg_current_wal_insert_lsn() lsn";
    std::vector<std::string> none;
    const auto rows = co_await command(std::move(sql), std::move(none), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    const auto lsn = postgres::parse_lsn(rows->text(0, 0));
    const auto timeline = postgres::parse_timeline_prefix(rows->text(0, 1));
    if (!lsn || !timeline) {
        co_return tl::unexpected(lsn ? timeline.error() : lsn.error());
    }
    const auto descent = postgres::read_descent(wal_folder(), *timeline);
    if (!descent) {
        co_return tl::unexpected(descent.error());
    }
    co_return Position{postgres::to_history(*descent), *lsn};
}

Awaitable<Result<Position>> PostgresDriver::prove(std::string sync_name, Deadline deadline) {
    const auto doing = "prove that commits wait for " + sync_name;
    const auto streaming = co_await check_streaming(sync_name, deadline);
    if (!streaming) {
        co_return within(doing, streaming.error());
    }
    const auto patience = postgres::most_of(deadline);
    while (true) {
        const auto waits = co_await probe_waits(deadline);
        if (!waits) {
            co_return within(doing, waits.error());
        }
        if (*waits) {
            break;
        }
        if (patience.passed()) {
            co_return fail(Errc::timeout, doing + ": no commit was seen to wait; the standby "
                                                  "replays at once, or the engine does not wait");
        }
    }
    const auto barrier = co_await end_of_log(deadline);
    if (!barrier) {
        co_return within(doing, barrier.error());
    }
    // One more record, so that the standby gets past the barrier on an idle server. This
    // session's commits wait for nobody.
    std::string push = "select pg_logical_emit_message(true, 'lockstep', 'past the barrier')";
    std::vector<std::string> none;
    const auto pushed = co_await command(std::move(push), std::move(none), deadline);
    if (!pushed) {
        co_return within(doing, pushed.error());
    }
    co_return *barrier;
}

} // namespace lockstep
