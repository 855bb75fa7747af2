#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// A standby's stream. What it received and has not replayed yet is never thrown away: MySQL keeps
/// relay logs while one of the two threads runs, MariaDB too, but will not be pointed elsewhere
/// then; so there everything is replayed first.
namespace lockstep {

using mysql::quote;

namespace {

constexpr std::chrono::milliseconds look_again{5};
/// The account may be made only a moment later; the server itself tries once a second.
constexpr std::chrono::milliseconds knock_again{40};
constexpr std::chrono::seconds longest_knocking{3};
constexpr std::string_view access_denied = "1045";

} // namespace

std::string MysqlDriver::change_upstream(const Ticket& ticket) const {
    const std::string_view side = is_mysql() ? "SOURCE" : "MASTER";
    const auto& upstream = *ticket.upstream;
    // Peers are known by address, which the certificate of each holds.
    auto sql = fmt::format(
        "CHANGE {1} TO {0}_HOST = {2}, {0}_PORT = {3}, {0}_USER = {4}, {0}_PASSWORD = '', "
        "{0}_SSL = 1, {0}_SSL_CA = {5}, {0}_SSL_CERT = {6}, {0}_SSL_KEY = {7}, "
        "{0}_SSL_VERIFY_SERVER_CERT = 1, {0}_CONNECT_RETRY = 1, {0}_HEARTBEAT_PERIOD = 0.5",
        side, is_mysql() ? "REPLICATION SOURCE" : "MASTER", quote(upstream.address), upstream.port,
        quote(ticket.stream_name), quote(config_.tls.ca.string()),
        quote(config_.tls.certificate.string()), quote(config_.tls.key.string()));
    sql += is_mysql() ? ", SOURCE_RETRY_COUNT = 4294967295" : ", MASTER_USE_GTID = slave_pos";
    return sql;
}

/// Until everything that was received is replayed. Errors: `refused` if the applier stopped.
Awaitable<Result<void>> MysqlDriver::until_replayed(Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    while (true) {
        const auto seen = co_await look(session, deadline);
        if (!seen) {
            co_return tl::unexpected(seen.error());
        }
        const auto left = seen->held.minus(seen->logged);
        if (left.empty()) {
            co_return Result<void>{};
        }
        if (seen->stream.text(0, word().applier_runs) != "Yes") {
            co_return fail(Errc::refused,
                           fmt::format("{} transactions were received and are not replayed, and "
                                       "the applier has stopped: {}",
                                       left.count(), seen->stream.text(0, "Last_SQL_Error")));
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, fmt::format("{} transactions that were received are "
                                                      "still to be replayed",
                                                      left.count()));
        }
        co_await pause_for(look_again);
    }
}

/// The account under which the applier is started anew: what was received by it before, and not
/// replayed, is thrown away, whoever promotes this standby next (R2).
Result<void> MysqlDriver::forget_received_as(const std::string& account) const {
    const auto before = mysql::forgotten_as(config_.data_dir);
    if (is_mysql() || !before || *before == account) {
        return before ? Result<void>{} : tl::unexpected(before.error());
    }
    return mysql::mark_forgotten(config_.data_dir, account);
}

Awaitable<Result<void>> MysqlDriver::point_at_mariadb(Ticket ticket, Rows stream,
                                                      Deadline deadline) {
    Result<void> done;
    bool drained = false;
    if (stream.empty()) {
        // A former primary's own transactions, or what a copy says of itself.
        std::string begin = "SET GLOBAL gtid_slave_pos = @@global.gtid_current_pos";
        const auto set = co_await command(std::move(begin), deadline);
        done = set ? Result<void>{} : tl::unexpected(set.error());
    } else {
        std::vector<std::string> stop{std::string(word().stop_receiver)};
        done = co_await commands(std::move(stop), deadline);
        drained = stream.text(0, word().applier_runs) == "Yes";
        if (done && drained) {
            done = co_await until_replayed(deadline);
        }
        remembered_.applier_is_handed_over = done && drained;
        std::vector<std::string> both{std::string(word().stop_both)};
        if (done) {
            done = co_await commands(std::move(both), deadline);
        }
    }
    if (done && !stream.empty()) { // What was replayed is not forgotten.
        done = forget_received_as(drained ? std::string{} : ticket.stream_name);
    }
    if (done) {
        std::vector<std::string> change{change_upstream(ticket), "START SLAVE"};
        done = co_await commands(std::move(change), deadline);
    }
    if (done && drained) {
        done = co_await carry_start_over(deadline);
    }
    remembered_.applier_is_handed_over = false;
    co_return done;
}

Awaitable<Result<void>> MysqlDriver::point_at(Ticket ticket, Rows stream, Deadline deadline) {
    if (!is_mysql()) {
        co_return co_await point_at_mariadb(std::move(ticket), std::move(stream), deadline);
    }
    if (!stream.empty()) {
        // While the applier runs, what was received is kept.
        std::vector<std::string> stop{std::string(word().stop_receiver),
                                      std::string(word().start_applier)};
        auto stopped = co_await commands(std::move(stop), deadline);
        const bool flushes = config_.durability == mysql::Durability::flush;
        if (stopped && flushes && mysql::is_sync_account(ticket.stream_name)) {
            stopped = co_await flush_received();
        }
        if (!stopped) {
            co_return stopped;
        }
    }
    std::vector<std::string> sql;
    auto change = change_upstream(ticket);
    // While the applier runs, only what concerns the receiver may be named (error 3081).
    if (stream.empty() || stream.text(0, "Auto_Position") != "1") {
        change += ", SOURCE_AUTO_POSITION = 1";
    }
    sql.push_back(std::move(change));
    sql.emplace_back("START REPLICA");
    co_return co_await commands(std::move(sql), deadline);
}

/// The same upstream, and something of the stream does not run.
Awaitable<Result<void>> MysqlDriver::start_receiving(Rows stream, Deadline deadline) {
    std::vector<std::string> sql;
    if (stream.text(0, word().applier_runs) != "Yes") {
        const auto told = forget_received_as(stream.text(0, word().upstream_user));
        if (!told) {
            co_return told;
        }
        sql.emplace_back(word().start_applier);
    }
    if (stream.text(0, word().receiver_runs) == "No") {
        sql.emplace_back(word().start_receiver);
    }
    co_return co_await commands(std::move(sql), deadline);
}

/// Whether the upstream can be reached is not the server's to say; but an account that is not
/// there yet is asked for again, more often than the server itself does.
Awaitable<Result<void>> MysqlDriver::knock_until_let_in(Deadline deadline) {
    const auto end = mysql::most_of(deadline).earlier(longest_knocking);
    auto next = Clock::now() + knock_again;
    while (!end.passed()) {
        auto opened = co_await kept(&Sessions::control, deadline);
        if (!opened) {
            co_return tl::unexpected(opened.error());
        }
        const auto session = *opened;
        const auto stream = co_await show_stream(session, deadline);
        if (!stream || stream->empty()) {
            co_return stream ? Result<void>{} : tl::unexpected(stream.error());
        }
        const auto& number = stream->text(0, "Last_IO_Errno");
        const bool trouble = number != "0" && number != access_denied;
        if (stream->text(0, word().receiver_runs) == "Yes" || trouble) {
            co_return Result<void>{};
        }
        if (number == access_denied && Clock::now() >= next) {
            next = Clock::now() + knock_again;
            std::vector<std::string> again{std::string(word().stop_receiver),
                                           std::string(word().start_receiver)};
            const auto done = co_await commands(std::move(again), deadline);
            if (!done) {
                co_return done;
            }
        }
        co_await pause_for(look_again);
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> MysqlDriver::follow(Ticket ticket, Deadline deadline) {
    auto opened = co_await kept(&Sessions::control, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    auto stream = co_await show_stream(session, deadline);
    if (!stream) {
        co_return tl::unexpected(stream.error());
    }
    if (!ticket.upstream) {
        std::vector<std::string> stop;
        if (!stream->empty()) {
            stop.emplace_back(word().stop_receiver);
        }
        co_return co_await commands(std::move(stop), deadline);
    }
    const bool stands = !stream->empty() && stream->text(0, word().applier_runs) != "Yes";
    if (stands && !missing_relay_logs().empty()) {
        auto old = *stream;
        const auto given_up = co_await give_up_lost(std::move(old), ticket.stream_name, deadline);
        if (!given_up) {
            co_return within("follow", given_up.error());
        }
        if (*given_up) {
            stream = Rows{};
        }
    }
    const bool same =
        !stream->empty() && stream->text(0, word().upstream_host) == ticket.upstream->address &&
        stream->text(0, word().upstream_port) == std::to_string(ticket.upstream->port) &&
        stream->text(0, word().upstream_user) == ticket.stream_name;
    // Not with `?:`, whose awaited results g++ 12 destroys twice.
    Result<void> done;
    if (same) {
        done = co_await start_receiving(std::move(*stream), deadline);
    } else {
        done = co_await point_at(ticket, std::move(*stream), deadline);
    }
    if (done) {
        done = co_await knock_until_let_in(deadline);
    }
    if (!done) {
        co_return within("follow", done.error());
    }
    co_return done;
}

} // namespace lockstep
