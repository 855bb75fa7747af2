#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/door.h"
#include "drivers/mysql/mysql_driver.h"

/// The door of a running server, and whoever is inside.
namespace lockstep {

namespace {

constexpr std::chrono::milliseconds look_again{4};

/// Everybody but the server's own threads, this agent, and peers.
constexpr auto clients_sql =
    "SELECT p.ID, p.STATE IN ('{1}', '{2}') AS waits, t.trx_mysql_thread_id IS NULL AND p.COMMAND "
    "IN ('Sleep', 'Connect') AS between_two, p.COMMAND = 'Killed' AS ended FROM {0} p LEFT JOIN "
    "information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID WHERE p.ID NOT IN ({3}) AND "
    "p.USER NOT IN ('system user', 'event_scheduler') AND p.USER NOT LIKE 'ls\\_%' AND p.COMMAND "
    "NOT LIKE 'Binlog Dump%' AND p.COMMAND NOT IN ('Daemon', 'Slave_IO', 'Slave_SQL', "
    "'Slave_worker')";

} // namespace

Awaitable<Result<void>> MysqlDriver::set_door(Door door, Deadline deadline) {
    remembered_.drained = remembered_.drained && door == Door::shut;
    const auto [variable, value] = mysql::door_setting(config_.flavour, door);
    std::vector<std::string> sql{fmt::format("SET GLOBAL {} = {}", variable, mysql::quote(value))};
    if (is_mysql() && door == Door::open) {
        sql.emplace_back("SET GLOBAL init_connect = ''"); // A bar that drain() left.
    }
    co_return co_await commands(std::move(sql), deadline);
}

Awaitable<Result<void>> MysqlDriver::bar_new_clients(Deadline deadline) {
    const auto [variable, value] = mysql::door_setting(mysql::Flavour::mariadb, Door::shut);
    std::vector<std::string> sql{fmt::format("SET GLOBAL {} = {}", variable, mysql::quote(value))};
    co_return co_await commands(std::move(sql), deadline);
}

Awaitable<Result<MysqlDriver::Clients>> MysqlDriver::end_clients(End which, Kill how,
                                                                 Deadline deadline) {
    const auto rows = co_await command(fmt::format(fmt::runtime(clients_sql), word().processlist,
                                                   word().wait_state, word().queued_state,
                                                   fmt::join(own_sessions(), ", ")),
                                       deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    const std::string kill(how == Kill::soft ? word().kill_softly : "KILL CONNECTION");
    Clients clients;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        const bool waiting = rows->text(row, 1) == "1";
        const bool between_two = rows->text(row, 2) == "1";
        clients.waiting += waiting ? 1 : 0;
        if (rows->text(row, 3) == "1" ||
            (waiting && remembered_.cut_off.contains(rows->number(row, 0)))) {
            ++clients.ended;
            continue;
        }
        ++clients.inside;
        if (which == End::all || (which == End::those_between_two && between_two) ||
            (which == End::those_that_do_not_wait && !waiting)) {
            // One that has just gone by itself is no trouble: whoever is left is seen again.
            const auto ended = co_await command(kill + " " + rows->text(row, 0), deadline);
            if (ended && waiting && is_mysql()) {
                remembered_.cut_off.insert(rows->number(row, 0));
            }
        }
    }
    co_return clients;
}

/// A client whose commit waits hears nothing of it, which is the truth: it may be lost.
Awaitable<Result<void>> MysqlDriver::send_clients_out(Kill how, Deadline deadline) {
    const auto most = mysql::most_of(deadline);
    while (true) {
        const auto clients = co_await end_clients(End::all, how, deadline);
        if (!clients) {
            co_return tl::unexpected(clients.error());
        }
        if (clients->inside == 0) {
            co_return Result<void>{};
        }
        if (most.passed()) {
            co_return fail(Errc::timeout, fmt::format("{} clients' sessions do not end behind the "
                                                      "shut door",
                                                      clients->inside));
        }
        co_await pause_for(look_again);
    }
}

/// Until nobody is inside, and what those who were ended had committed is acknowledged: a session
/// that looks idle may begin to commit before it is ended.
Awaitable<Result<void>> MysqlDriver::until_drained(Milliseconds patience, Deadline deadline) {
    const auto patient_until = Deadline::in(patience);
    const auto given_up_at = mysql::most_of(deadline);
    while (true) {
        const auto which =
            patient_until.passed() ? End::those_that_do_not_wait : End::those_between_two;
        const auto clients = co_await end_clients(which, Kill::soft, deadline);
        if (!clients) {
            co_return tl::unexpected(clients.error());
        }
        if (clients->inside + clients->ended == 0) {
            co_return Result<void>{};
        }
        if (given_up_at.passed()) {
            co_return fail(Errc::timeout,
                           fmt::format("{} clients' sessions do not end, {} of them wait for the "
                                       "standby",
                                       clients->inside + clients->ended, clients->waiting));
        }
        co_await pause_for(look_again);
    }
}

/// For new connections first. Whoever is inside leaves between two transactions.
Awaitable<Result<void>> MysqlDriver::drain(Milliseconds patience, Deadline deadline) {
    if (!ticket_ || !ticket_->primary) {
        co_return fail(Errc::refused, "drain: no primary's ticket was written by this agent");
    }
    Ticket ticket = *ticket_;
    ticket.door = Door::shut;
    if (auto written = write_ticket(ticket); !written) {
        co_return within("drain", written.error());
    }
    auto done = co_await bar_new_clients(deadline);
    if (done) {
        done = co_await until_drained(patience, deadline);
    }
    if (done) {
        done = co_await set_door(Door::shut, deadline);
    }
    if (!done) {
        co_return within("drain", done.error());
    }
    remembered_.drained = true;
    co_return done;
}

/// MySQL answers OK to commits that wait when it is told to stop (finding 1), so no client is left
/// to be answered. MariaDB waits for nobody's dump thread on a plain SHUTDOWN, but for ever for a
/// commit that waits in a session that was ended softly.
Awaitable<Result<void>> MysqlDriver::stop(Deadline deadline) {
    auto done = co_await bar_new_clients(deadline);
    if (done) {
        done = co_await set_door(Door::shut, deadline);
    }
    if (done) {
        done = co_await send_clients_out(Kill::hard, deadline);
    }
    if (!done) {
        co_return within("stop", done.error());
    }
    if (is_mysql()) {
        done = co_await stop_mysql(deadline);
        co_return done ? done : Result<void>(within("stop", done.error()));
    }
    const auto told = co_await command("SHUTDOWN", deadline);
    if (!told && told.error().code != Errc::unreachable) {
        co_return within("stop", told.error());
    }
    co_return Result<void>{};
}

} // namespace lockstep
