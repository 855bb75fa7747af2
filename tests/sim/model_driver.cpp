#include "tests/sim/model_driver.h"

#include <utility>

#include "tests/sim/network.h"

namespace lockstep::sim {
namespace {

constexpr Micros look_again = 5 * millisecond;
constexpr int parts_of_a_clone = 4;
[[maybe_unused]] constexpr std::uint64_t overwritten_bytes = 8192;
const char* const the_system_id = "7001";

Micros some(Micros least, Micros most) {
    return Machine::current().random.between(least, most);
}

Milliseconds milliseconds(Micros span) {
    return Milliseconds{span / millisecond};
}

tl::unexpected<Error> no_server() {
    return fail(Errc::unreachable, "no server");
}

} // namespace

// Without a server ---------------------------------------------------------------------------

Awaitable<Result<DataFolder>> ModelDriver::inspect(Deadline) {
    co_await pause(some(2, 10) * millisecond);
    DataFolder folder;
    folder.kind = database_.disk.exists ? DataFolder::Kind::database : DataFolder::Kind::absent;
    if (database_.disk.broken) {
        folder.kind = DataFolder::Kind::other;
    }
    folder.system_id = database_.disk.system_id;
    folder.standby = database_.disk.standby;
    folder.clean_shutdown = database_.disk.clean;
    folder.history = database_.disk.lineage.history();
    co_return folder;
}

Awaitable<Result<void>> ModelDriver::initialise(Deadline) {
    co_await pause(some(100, 400) * millisecond);
    Disk made;
    made.exists = true;
    made.system_id = the_system_id;
    made.append({Databases::current().new_id(), 1000, 0});
    made.sync(made.end());
    database_.replace_data(std::move(made));
    co_return Result<void>{};
}

Result<Database*> ModelDriver::reach(const Member& upstream) const {
    const auto host = Network::host_at(upstream.address);
    auto* peer = Databases::current().at(host);
    if (peer == nullptr || !peer->is_primary() || peer->is_frozen() ||
        !Network::current().both_ways(database_.name(), host)) {
        return fail(Errc::unreachable, upstream.id + " does not answer");
    }
    return peer;
}

Awaitable<Result<void>> ModelDriver::clone(Member upstream, OnProgress on_progress, Deadline) {
    Disk begun;
    begun.exists = true;
    begun.standby = true;
    database_.replace_data(std::move(begun));
    const auto part = some(20, 150) * millisecond;
    for (int done = 1; done <= parts_of_a_clone; ++done) {
        co_await pause(part);
        const auto peer = reach(upstream);
        if (!peer) {
            co_return within("clone", peer.error());
        }
        on_progress({static_cast<std::uint64_t>(done), parts_of_a_clone});
    }
    const auto source = reach(upstream);
    if (!source) {
        co_return within("clone", source.error());
    }
    Disk made;
    made.exists = true;
    made.standby = true;
    made.system_id = (*source)->disk.system_id;
    made.lineage = (*source)->disk.lineage;
    for (const auto& entry : (*source)->disk.log()) {
        if (entry.end <= (*source)->disk.synced_end()) {
            made.append(entry);
        }
    }
    made.sync(made.end());
    database_.replace_data(std::move(made));
    co_return Result<void>{};
}

/// By numbers and names of timelines, as the real one: what they hold is not compared (F13).
Awaitable<Result<Divergence>> ModelDriver::judge(Member upstream, Deadline) {
    co_await pause(some(5, 40) * millisecond);
    const auto peer = reach(upstream);
    if (!peer) {
        co_return within("judge", peer.error());
    }
    const auto& mine = database_.disk;
    const auto& theirs = (*peer)->disk.lineage;
    Divergence divergence;
    divergence.fork_offset_bytes = mine.end();
    if (mine.lineage == theirs) {
        divergence.same_timeline = true;
        divergence.diverged = mine.end() > (*peer)->disk.synced_end();
    } else if (const auto* fork = theirs.left(mine.lineage.timeline)) {
        divergence.fork_offset_bytes = fork->at;
        divergence.diverged = mine.end() > fork->at;
    } else {
        divergence.diverged = true;
    }
    divergence.diverged = divergence.diverged && !flaws_.judges_nothing;
    divergence.fork = std::to_string(divergence.fork_offset_bytes);
    divergence.why = "own " + mine.lineage.history().text + " up to " + std::to_string(mine.end()) +
                     ", " + upstream.id + " has " + theirs.history().text;
    co_return divergence;
}

Awaitable<Result<std::uint64_t>> ModelDriver::preserve(Divergence from, std::filesystem::path,
                                                       Deadline) {
    co_await pause(some(5, 100) * millisecond);
    const auto end = database_.disk.end();
    co_return end > from.fork_offset_bytes ? end - from.fork_offset_bytes : 0;
}

Awaitable<Result<void>> ModelDriver::discard(Deadline) {
    co_await pause(some(1, 30) * millisecond);
    Disk nothing;
    database_.replace_data(std::move(nothing));
    co_return Result<void>{};
}

Awaitable<Result<RewindPlan>> ModelDriver::prepare_rewind(Member upstream, std::filesystem::path,
                                                          Deadline) {
    co_await pause(some(10, 200) * millisecond);
    const auto peer = reach(upstream);
    if (!peer) {
        co_return within("prepare the rewind", peer.error());
    }
    RewindPlan plan;
    plan.hindrance = Machine::current().random.one_in(6) ? "the log since the fork is gone" : "";
    plan.kept_bytes = overwritten_bytes;
    co_return plan;
}

/// What is before the fork stays, the rest is the upstream's.
Awaitable<Result<void>> ModelDriver::rewind(Member upstream, OnProgress on_progress, Deadline) {
    database_.disk.broken = true;
    const auto part = some(5, 60) * millisecond;
    for (int done = 1; done <= parts_of_a_clone; ++done) {
        co_await pause(part);
        const auto peer = reach(upstream);
        if (!peer) {
            co_return within("rewind", peer.error());
        }
        on_progress({static_cast<std::uint64_t>(done), parts_of_a_clone});
    }
    const auto source = reach(upstream);
    if (!source) {
        co_return within("rewind", source.error());
    }
    const auto& theirs = (*source)->disk;
    const auto* fork = theirs.lineage.left(database_.disk.lineage.timeline);
    const auto common = fork == nullptr ? 0 : fork->at;
    Disk made;
    made.exists = true;
    made.standby = true;
    made.system_id = theirs.system_id;
    made.lineage = theirs.lineage;
    for (const auto& entry : database_.disk.log()) {
        if (entry.end <= common) {
            made.append(entry);
        }
    }
    for (const auto& entry : theirs.log()) {
        if (entry.end > common && entry.end <= theirs.synced_end()) {
            made.append(entry);
        }
    }
    made.sync(made.end());
    database_.replace_data(std::move(made));
    co_return Result<void>{};
}

Awaitable<Result<DecodedLog>> ModelDriver::decode(std::filesystem::path, std::uint64_t, Deadline) {
    co_await pause(some(5, 50) * millisecond);
    DecodedLog decoded;
    decoded.done = true;
    co_return decoded;
}

Awaitable<Result<bool>> ModelDriver::never_promoted(Deadline) {
    co_await pause(some(1, 10) * millisecond);
    co_return database_.disk.standby;
}

// The ticket ---------------------------------------------------------------------------------

Result<void> ModelDriver::write_ticket(const Ticket& ticket) {
    database_.ticket = ticket;
    if (!ticket.primary) {
        database_.disk.standby = true;
    }
    return {};
}

Result<void> ModelDriver::remove_ticket() {
    database_.ticket.reset();
    return {};
}

std::optional<ProcessId> ModelDriver::running_server() const {
    const auto pid = database_.pid();
    return pid ? std::optional(ProcessId{*pid, static_cast<std::uint64_t>(*pid)}) : std::nullopt;
}

// With a server ------------------------------------------------------------------------------

/// A round trip to the server; a frozen one is waited for in vain.
Awaitable<Result<void>> ModelDriver::answered(Deadline deadline) {
    co_await pause(some(200, 1500));
    while (database_.is_frozen()) {
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "the server does not answer");
        }
        co_await pause(
            std::min<Micros>(deadline.left().count() * millisecond + 1, 200 * millisecond));
    }
    if (!database_.runs()) {
        co_return no_server();
    }
    co_return Result<void>{};
}

void ModelDriver::report_standby(ServerReport& report) const {
    const auto& receiver = database_.server().receiver;
    report.stream.connected = receiver.has_value();
    report.stream.name = receiver ? receiver->name : std::string();
    report.stream.silent =
        receiver ? milliseconds(Machine::current().now() - receiver->heard_at) : Milliseconds{0};
}

void ModelDriver::report_primary(ServerReport& report) const {
    const auto& server = database_.server();
    report.acknowledgements.name = server.setting;
    if (const auto* sender = database_.sender_named(server.setting)) {
        report.acknowledgements.streaming = true;
        report.acknowledged = {report.position.history, sender->flushed};
    }
}

ServerReport ModelDriver::report() const {
    ServerReport report;
    report.state = database_.server().state;
    report.version = "15.13";
    report.system_id = database_.disk.system_id;
    report.position = database_.disk.synced_position();
    if (report.state == ServerState::primary) {
        report.position.offset_bytes = database_.disk.end();
        report_primary(report);
    }
    if (report.state == ServerState::standby) {
        report_standby(report);
    }
    return report;
}

Awaitable<Result<ServerReport>> ModelDriver::observe(Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    if (database_.server().state == ServerState::starting) {
        ServerReport starting;
        co_return starting;
    }
    const auto seen = report();
    co_await pause(some(100, 2000)); // What was read is on its way.
    co_return seen;
}

Awaitable<Result<void>> ModelDriver::apply(Ticket ticket, Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return answer;
    }
    const auto state = database_.server().state;
    if (state == ServerState::starting || ticket.primary != (state == ServerState::primary)) {
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
            co_return no_server();
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
Awaitable<Result<Position>> ModelDriver::prove(std::string sync_name, Deadline deadline) {
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
            const auto history = database_.disk.lineage.history();
            const Position end{history, database_.disk.end()};
            co_await pause(some(100, 3000)); // It is on its way to the agent.
            co_return end;
        }
        co_await pause(look_again);
    }
    co_return fail(Errc::timeout, "no commit was seen to wait for " + sync_name);
}

Awaitable<Result<void>> ModelDriver::hold_replay(Deadline deadline) {
    co_return co_await answered(deadline);
}

Awaitable<Result<void>> ModelDriver::release_replay(Deadline deadline) {
    co_return co_await answered(deadline);
}

Awaitable<Result<History>> ModelDriver::promote(Deadline deadline) {
    auto answer = co_await answered(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    const auto state = database_.server().state;
    if (state == ServerState::starting) {
        co_return fail(Errc::unreachable, "it still starts");
    }
    if (state == ServerState::standby) {
        Ticket alone = database_.ticket.value_or(Ticket{});
        alone.upstream.reset();
        alone.sync_name.clear();
        alone.stream_name.clear();
        database_.ticket = alone;
        co_await pause(some(1, 20) * millisecond);
        answer = co_await answered(deadline);
        if (!answer) {
            co_return tl::unexpected(answer.error());
        }
        database_.cut_upstream();
        co_await pause(some(5, 120) * millisecond); // What it has is replayed.
        answer = co_await answered(deadline);
        if (!answer) {
            co_return tl::unexpected(answer.error());
        }
        if (!database_.is_primary()) {
            database_.begin_timeline();
        }
    }
    co_await pause(some(1, 20) * millisecond);
    answer = co_await answered(deadline);
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
    co_return database_.disk.lineage.history();
}

Awaitable<Result<void>> ModelDriver::keep_for(std::vector<Member>, Deadline deadline) {
    co_return co_await answered(deadline);
}

Awaitable<Result<void>> ModelDriver::stop(Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (answer) {
        database_.shut_down();
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> ModelDriver::checkpoint(Deadline deadline) {
    co_await pause(some(10, 200) * millisecond);
    co_return co_await answered(deadline);
}

Awaitable<Result<void>> ModelDriver::drain(Milliseconds, Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return answer;
    }
    database_.shut_door();
    while (database_.has_clients_waiting()) {
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "commits of clients still wait");
        }
        co_await pause(look_again);
    }
    co_return co_await answered(deadline);
}

Awaitable<Result<std::optional<Position>>> ModelDriver::stopped_at(Deadline) {
    co_await pause(some(1, 10) * millisecond);
    std::optional<Position> end;
    if (database_.disk.clean) {
        end = database_.disk.synced_position();
    }
    co_return end;
}

Awaitable<Result<Heartbeat>> ModelDriver::heartbeat(Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    if (!database_.is_primary()) {
        co_return Heartbeat::not_primary;
    }
    const auto outcome = std::make_shared<std::optional<bool>>();
    const auto place = std::make_shared<Place>();
    database_.commit(0, [outcome, place](bool committed) {
        *outcome = committed;
        place->ring();
    });
    if (!*outcome) {
        co_await place->wait(deadline.left().count() * millisecond);
    }
    if (*outcome) {
        co_return **outcome ? Heartbeat::committed : Heartbeat::not_primary;
    }
    const bool answers = database_.is_primary() && !database_.is_frozen();
    if (answers && !database_.waits_for_its_disk()) {
        co_return Heartbeat::waiting_for_standby;
    }
    co_return fail(Errc::timeout, "the commit does not finish");
}

} // namespace lockstep::sim
