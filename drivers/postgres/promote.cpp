#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/ticket.h"

/// The hot path of a failover. The order is DESIGN.md 7's, each step measured there.
namespace lockstep {

using postgres::Rows;

namespace {
constexpr std::chrono::milliseconds look_again{3};
constexpr std::chrono::milliseconds nudge_every{50};
} // namespace

/// Resumes replay, forgets the upstream and waits until nothing is received any more: until the
/// walreceiver is gone the old primary goes on acknowledging (F18), and a paused or retrying
/// recovery costs seconds.
Awaitable<Result<void>> PostgresDriver::cut_upstream(Deadline deadline) {
    Ticket ticket = ticket_.value_or(Ticket{});
    ticket.primary = false;
    ticket.upstream.reset();
    ticket.sync_name.clear();
    ticket.stream_name.clear();
    if (auto written = write_files(ticket); !written) {
        co_return tl::unexpected(written.error());
    }
    std::string sql = "select case when pg_is_wal_replay_paused() then pg_wal_replay_resume() end, "
                      "pg_reload_conf()";
    std::vector<std::string> none;
    const auto reloaded = co_await command(std::move(sql), std::move(none), deadline);
    if (!reloaded) {
        co_return tl::unexpected(reloaded.error());
    }
    while (true) {
        std::string look = "select count(*) from pg_stat_activity "
                           "where backend_type = 'walreceiver'";
        std::vector<std::string> nothing;
        const auto rows = co_await command(std::move(look), std::move(nothing), deadline);
        if (!rows) {
            co_return tl::unexpected(rows.error());
        }
        if (rows->text(0, 0) == "0") {
            co_return Result<void>{};
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "the walreceiver did not end");
        }
        co_await pause_for(look_again);
    }
}

/// A recovery that sleeps between two tries to reach its upstream sees the promotion only when
/// something wakes it: SIGHUP does.
Awaitable<Result<void>> PostgresDriver::trigger_promotion(Deadline deadline) {
    std::string sql = "select pg_promote(false)";
    std::vector<std::string> none;
    auto done = co_await command(std::move(sql), std::move(none), deadline);
    auto nudge_at = Clock::now() + nudge_every;
    while (done) {
        const auto standby = co_await is_standby(deadline);
        if (!standby) {
            co_return tl::unexpected(standby.error());
        }
        if (!*standby) {
            co_return Result<void>{};
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "recovery did not end; it may still replay");
        }
        if (Clock::now() >= nudge_at) {
            nudge_at += nudge_every;
            std::string nudge = "select pg_reload_conf()";
            std::vector<std::string> nothing;
            done = co_await command(std::move(nudge), std::move(nothing), deadline);
        }
        co_await pause_for(look_again);
    }
    co_return tl::unexpected(done.error());
}

/// F2: an old primary that diverged within the segment of the fork could release this server's
/// commits, so none is written to that segment.
Awaitable<Result<History>> PostgresDriver::begin_history(Deadline deadline) {
    auto end = co_await end_of_log(deadline);
    if (!end) {
        co_return tl::unexpected(end.error());
    }
    const auto descent = postgres::parse_history(end->history);
    if (!descent || descent->ancestors.empty()) {
        co_return end->history;
    }
    const auto fork = postgres::format_lsn(descent->ancestors.back().left_at);
    std::string sql =
        "select case when floor(($1::pg_lsn - '0/0') / bytes) = "
        "floor((pg_current_wal_insert_lsn() - '0/0') / bytes) then pg_switch_wal() end "
        "from pg_size_bytes(current_setting('wal_segment_size')) bytes";
    std::vector<std::string> values{fork};
    const auto switched = co_await command(std::move(sql), std::move(values), deadline);
    if (!switched) {
        co_return tl::unexpected(switched.error());
    }
    co_return end->history;
}

Awaitable<Result<History>> PostgresDriver::promote(Deadline deadline, Loss) {
    const auto standby = co_await is_standby(deadline);
    if (!standby) {
        co_return within("promote", standby.error());
    }
    if (*standby) {
        const auto cut = co_await cut_upstream(deadline);
        if (!cut) {
            co_return within("promote", cut.error());
        }
        const auto triggered = co_await trigger_promotion(deadline);
        if (!triggered) {
            co_return within("promote", triggered.error());
        }
    }
    const auto history = co_await begin_history(deadline);
    if (!history) {
        co_return within("promote", history.error());
    }
    if (!ticket_ || !ticket_->primary) {
        // Nothing in it differs in force yet; apply() brings what the record says.
        Ticket ticket = ticket_.value_or(Ticket{});
        ticket.primary = true;
        ticket.upstream.reset();
        ticket.sync_name.clear();
        if (auto written = write_files(ticket); !written) {
            co_return within("promote", written.error());
        }
    }
    co_return *history;
}

} // namespace lockstep
