#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/received.h"
#include "platform/files.h"

/// The hot path of a failover, in the order of field/mysql-ha.md 3c: nothing that was received is
/// lost on the way, and nobody but this driver writes before the reign's own row is there.
namespace lockstep {

namespace {
constexpr std::size_t mark_bytes = 8;
constexpr std::chrono::milliseconds look_again{5};
} // namespace

/// By a promotion that did not come to its end.
bool MysqlDriver::has_begun_reign(const Look& seen) {
    const auto& reigns = seen.descent.reigns;
    return seen.stream.empty() && !reigns.empty() && reigns.back().writer == seen.writer;
}

/// R2 replays what was received from this server's own disk. MariaDB does not read it again after a
/// restart: it forgets where it was, and its next start throws the relay logs away. MySQL does, if
/// nobody removed them.
///
/// Without a stream: relay logs that were given up are followed by none for a moment, and a server
/// that ends then comes back so; it is told by the account that it was to follow. Started without
/// one, it passes if a promotion ended its stream, whose reign was begun before.
Result<void> MysqlDriver::check_received(const Look& seen) const {
    const auto forgotten = mysql::forgotten_as(config_.data_dir);
    if (!forgotten) {
        return tl::unexpected(forgotten.error());
    }
    const bool follows = !seen.stream.empty();
    const auto told = ticket_ ? ticket_->stream_name : std::string{};
    bool was_started_anew =
        mysql::is_among(*forgotten, follows ? seen.stream.text(0, word().upstream_user) : told);
    if (!follows && told.empty()) {
        was_started_anew = !forgotten->empty() && !has_begun_reign(seen);
    }
    const bool forgets = follows && !is_mysql() &&
                         seen.stream.text(0, word().applier_runs) != "Yes" &&
                         seen.stream.text(0, word().received).empty();
    if (!was_started_anew && !forgets) {
        return {};
    }
    const auto* const why =
        is_mysql() ? "relay logs were gone before it had replayed all that it received"
                   : "it was restarted before it had replayed all that it received, and MariaDB "
                     "does not read that again";
    return fail(Errc::refused,
                fmt::format("{}: it may lack acknowledged commits. Have the former primary take "
                            "over again (lockstep failover PAIR --to it); or, if it is gone for "
                            "good, accept the loss (lockstep failover PAIR --to {} "
                            "--accept-data-loss --fenced-by=TEXT)",
                            why, config_.member));
}

/// A transaction whose end the upstream never sent makes MySQL wait for that end, 60 s, when its
/// applier is stopped (SLAVE_WAIT_GROUP_DONE in sql/rpl_replica.cc); one that is killed takes it
/// back at once. Called when all that came whole is replayed.
Awaitable<Result<void>> MysqlDriver::end_applier(Deadline deadline) {
    std::string ask = "SELECT t.PROCESSLIST_ID FROM "
                      "performance_schema.replication_applier_status_by_coordinator c JOIN "
                      "performance_schema.threads t USING (THREAD_ID)";
    const auto coordinators = co_await command(std::move(ask), deadline);
    if (!coordinators) {
        co_return tl::unexpected(coordinators.error());
    }
    for (std::size_t row = 0; row < coordinators->size(); ++row) {
        // One that ended by itself meanwhile is no trouble: what counts is seen below.
        static_cast<void>(co_await command("KILL " + coordinators->text(row, 0), deadline));
    }
    while (!coordinators->empty()) {
        const auto stream = co_await command(std::string(word().show_stream), deadline);
        if (!stream) {
            co_return tl::unexpected(stream.error());
        }
        if (stream->empty() || stream->text(0, word().applier_runs) != "Yes") {
            break;
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "the applier was killed and has not ended");
        }
        co_await pause_for(look_again);
    }
    co_return Result<void>{};
}

/// The receiver alone is stopped, everything it brought is replayed, then the rest.
Awaitable<Result<void>> MysqlDriver::take_over(Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    const auto stream = co_await show_stream(session, deadline);
    if (!stream) {
        co_return tl::unexpected(stream.error());
    }
    if (stream->empty()) {
        co_return Result<void>{}; // It followed nobody, or does not any more.
    }
    std::vector<std::string> stop{std::string(word().stop_receiver)};
    if (is_mysql() && stream->text(0, word().applier_runs) != "Yes") {
        stop.emplace_back(word().start_applier); // After a restart: it kept what it received.
    }
    auto done = co_await commands(std::move(stop), deadline);
    if (done) {
        done = co_await until_replayed(deadline);
    }
    if (done && is_mysql()) {
        done = co_await end_applier(deadline);
    }
    std::vector<std::string> both{std::string(word().stop_both)};
    if (done) {
        done = co_await commands(std::move(both), deadline);
    }
    if (done) {
        done = co_await until_replayed(deadline); // Nobody started the receiver in between.
    }
    co_return done;
}

/// The first transaction of this server's reign. Errors: `corrupt`, and whatever the commit met.
Awaitable<Result<void>> MysqlDriver::begin_reign(Deadline deadline) {
    auto opened = co_await kept(&Sessions::look, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    const auto descent = co_await read_descent(session, deadline);
    if (!descent) {
        co_return tl::unexpected(descent.error());
    }
    const std::string writer = is_mysql() ? "@@global.server_uuid" : "@@global.server_id";
    const std::string held = is_mysql() ? "@@global.gtid_executed" : "@@global.gtid_current_pos";
    const auto sql =
        fmt::format("INSERT INTO lockstep.history (number, writer, mark, began) SELECT {}, {}, {}, "
                    "REPLACE({}, '\\n', '')",
                    descent->reigns.size() + 1, writer, mysql::quote(random_hex(mark_bytes)), held);
    const auto written = co_await session->query(sql, deadline);
    if (!written) {
        co_return within("begin a history", written.error());
    }
    co_return Result<void>{};
}

/// The upstream is forgotten before the data counts as a primary's: a crash in between would else
/// leave what looks like a standby that lacks what it received (check_received).
Awaitable<Result<void>> MysqlDriver::open_for_writes(Deadline deadline) {
    std::vector<std::string> forget{std::string(word().forget_upstream)};
    auto done = co_await commands(std::move(forget), deadline);
    if (done) { // All that was received is applied: it may be started as a primary.
        done = mysql::mark_primary(config_.data_dir);
    }
    if (done) {
        std::vector<std::string> open{
            fmt::format("SET GLOBAL {} = OFF", word().acknowledge_enabled),
            "SET GLOBAL read_only = OFF"};
        done = co_await commands(std::move(open), deadline);
    }
    co_return done;
}

/// Events that came over the stream sleep on a standby.
Awaitable<Result<void>> MysqlDriver::enable_events(Deadline deadline) {
    auto opened = co_await kept(&Sessions::look, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    std::string list = "SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS WHERE "
                       "STATUS IN ('SLAVESIDE_DISABLED', 'REPLICA_SIDE_DISABLED')";
    const auto events = co_await session->query(std::move(list), deadline);
    if (!events) {
        co_return tl::unexpected(events.error());
    }
    for (std::size_t row = 0; row < events->size(); ++row) {
        const auto sql =
            fmt::format("ALTER EVENT {}.{} ENABLE", mysql::quote_name(events->text(row, 0)),
                        mysql::quote_name(events->text(row, 1)));
        const auto enabled = co_await session->query(sql, deadline);
        if (!enabled) {
            co_return within("enable the event " + events->text(row, 1), enabled.error());
        }
    }
    co_return Result<void>{};
}

Awaitable<Result<History>> MysqlDriver::promote(Deadline deadline, Loss loss) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return within("promote", opened.error());
    }
    const auto session = *opened;
    auto seen = co_await look(session, deadline);
    if (!seen) {
        co_return within("promote", seen.error());
    }
    if (seen->standby) {
        auto done = check_received(*seen);     // Before anything says that it was promoted (F23).
        if (!done && loss == Loss::accepted) { // R8: the end of the stream removes them.
            done = mysql::keep_relay_logs(config_.data_dir);
        }
        if (done) {
            remembered_.takes_over = true;
            done = mysql::mark_promotion_begun(config_.data_dir);
        }
        if (done) {
            done = co_await take_over(deadline);
        }
        if (done && is_mysql()) { // It stays read_only, which this account passes.
            std::vector<std::string> unlock{"SET GLOBAL super_read_only = OFF",
                                            "SET GLOBAL read_only = ON"};
            done = co_await commands(std::move(unlock), deadline);
        }
        if (done && !has_begun_reign(*seen)) {
            done = co_await begin_reign(deadline);
        }
        if (done) {
            done = co_await open_for_writes(deadline);
        }
        if (!done) {
            co_return within("promote", done.error());
        }
    }
    if (!seen->standby && seen->descent.reigns.empty()) { // A database that was just made.
        const auto begun = co_await begin_reign(deadline);
        if (!begun) {
            co_return within("promote", begun.error());
        }
    }
    if (!ticket_ || !ticket_->primary) {
        Ticket ticket = ticket_.value_or(Ticket{});
        ticket.primary = true;
        ticket.upstream.reset();
        ticket.sync_name.clear();
        ticket.stream_name.clear();
        if (auto written = write_ticket(ticket); !written) {
            co_return within("promote", written.error());
        }
    }
    const auto events = co_await enable_events(deadline);
    if (!events) {
        co_return within("promote", events.error());
    }
    seen = co_await look(session, deadline);
    if (!seen) {
        co_return within("promote", seen.error());
    }
    if (!seen->place.trouble.empty()) {
        co_return fail(Errc::corrupt, "promote: " + seen->place.trouble);
    }
    remembered_.descent = seen->descent;
    co_return seen->place.position.history;
}

} // namespace lockstep
