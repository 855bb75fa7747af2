#include "tests/sim/postgres/driver.h"

#include <utility>

/// The driver over a model of PostgreSQL, with a server.
namespace lockstep::sim {

ServerReport PostgresModelDriver::report() {
    ServerReport report;
    report.state = database_.server().state;
    report.version = "15.13";
    report.system_id = database_.disk.system_id;
    report.position = database_.synced_position();
    if (report.state == ServerState::primary) {
        report.position.offset_bytes = database_.disk.end();
        report_primary(report);
    }
    if (report.state == ServerState::standby) {
        report_standby(report);
    }
    return report;
}

void PostgresModelDriver::report_standby(ServerReport& report) const {
    const auto& receiver = database_.server().receiver;
    report.stream.connected = receiver.has_value();
    report.stream.name = receiver ? receiver->name : std::string();
    report.stream.silent =
        receiver ? milliseconds(Machine::current().now() - receiver->heard_at) : Milliseconds{0};
}

void PostgresModelDriver::report_primary(ServerReport& report) const {
    const auto& server = database_.server();
    report.acknowledgements.name = server.setting;
    if (const auto* sender = database_.sender_named(server.setting)) {
        report.acknowledgements.streaming = true;
        report.acknowledged = {report.position.history, sender->flushed};
    }
}

Awaitable<Result<void>> PostgresModelDriver::apply(Ticket ticket, Deadline deadline) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (ticket.primary != *primary) {
        co_return fail(Errc::refused, "the server has another role");
    }
    database_.ticket = ticket;
    if (!ticket.primary) {
        database_.configure_standby(ticket.upstream, ticket.stream_name);
        co_return Result<void>{};
    }
    database_.configure_primary(ticket.sync_name, ticket.door);
    co_await pause(some(1, 5) * millisecond);
    while (ticket.sync_name.empty()) { // Relaxed when nobody is left waiting (R3).
        if (!database_.is_primary()) {
            co_return fail(Errc::unreachable, "no server");
        }
        if (database_.server().obeyed.empty() && !database_.is_frozen()) {
            break;
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "waiters are left");
        }
        co_await pause(look_again);
    }
    co_return Result<void>{};
}

/// Sees a commit of its own wait, which it does only when the engine obeys; then the end of the
/// log.
Awaitable<Result<Position>> PostgresModelDriver::prove(std::string sync_name, Deadline deadline) {
    while (!deadline.passed()) {
        const auto answer = co_await answered(deadline);
        if (!answer) {
            co_return tl::unexpected(answer.error());
        }
        if (!database_.is_primary()) {
            co_return fail(Errc::refused, "no primary");
        }
        const auto& server = database_.server();
        const auto& waits_for = flaws_.setting_counts ? server.setting : server.obeyed;
        if (waits_for == sync_name && database_.sender_named(sync_name) != nullptr) {
            const Position end{database_.lineage.history(), database_.disk.end()};
            co_await pause(some(100, 3000)); // It is on its way to the agent.
            co_return end;
        }
        co_await pause(look_again);
    }
    co_return fail(Errc::timeout, "no commit was seen to wait for " + sync_name);
}

Awaitable<Result<void>> PostgresModelDriver::end_recovery(Deadline deadline) {
    Ticket alone = database_.ticket.value_or(Ticket{});
    alone.upstream.reset();
    alone.sync_name.clear();
    alone.stream_name.clear();
    database_.ticket = alone;
    co_await pause(some(1, 20) * millisecond);
    auto answer = co_await answered(deadline);
    if (!answer) {
        co_return answer;
    }
    database_.cut_upstream();
    co_await pause(some(5, 120) * millisecond); // What it has is replayed.
    answer = co_await answered(deadline);
    if (answer && !database_.is_primary()) {
        database_.begin_timeline();
    }
    co_return answer;
}

Awaitable<Result<History>> PostgresModelDriver::promote(Deadline deadline, Loss) {
    const auto primary = co_await role(deadline);
    if (!primary) {
        co_return tl::unexpected(primary.error());
    }
    if (!*primary) {
        const auto ended = co_await end_recovery(deadline);
        if (!ended) {
            co_return tl::unexpected(ended.error());
        }
    }
    co_await pause(some(1, 20) * millisecond);
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    database_.switch_segment();
    Ticket ticket = database_.ticket.value_or(Ticket{});
    if (!ticket.primary) {
        ticket.primary = true;
        ticket.upstream.reset();
        ticket.sync_name.clear();
        database_.ticket = ticket;
    }
    co_return database_.lineage.history();
}

Awaitable<Result<void>> PostgresModelDriver::keep_for(std::vector<Member>, Deadline deadline) {
    co_return co_await answered(deadline);
}

Awaitable<Result<Heartbeat>> PostgresModelDriver::heartbeat(Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    if (!database_.is_primary()) {
        co_return Heartbeat::not_primary;
    }
    auto beat = begin_beat();
    co_return co_await end_beat(std::move(beat), deadline);
}

} // namespace lockstep::sim
