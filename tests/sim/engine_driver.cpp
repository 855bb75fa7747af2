#include "tests/sim/engine_driver.h"

#include <utility>

#include "tests/sim/network.h"

namespace lockstep::sim {
namespace {

constexpr int parts_of_a_copy = 4;

tl::unexpected<Error> no_server() {
    return fail(Errc::unreachable, "no server");
}

} // namespace

Micros some(Micros least, Micros most) {
    return Machine::current().random.between(least, most);
}

Milliseconds milliseconds(Micros span) {
    return Milliseconds{span / millisecond};
}

// Without a server ---------------------------------------------------------------------------

Result<EngineModel*> ModelDriver::reach(const Member& upstream) const {
    const auto host = Network::host_at(upstream.address);
    auto* peer = Databases::current().at(host);
    if (peer == nullptr || !peer->is_primary() || peer->is_frozen() ||
        !Network::current().both_ways(database_.name(), host)) {
        return fail(Errc::unreachable, upstream.id + " does not answer");
    }
    return peer;
}

Awaitable<Result<EngineModel*>> ModelDriver::copy_from(Member upstream, Micros most_for_a_part,
                                                       OnProgress on_progress) {
    const auto part = some(most_for_a_part / 10, most_for_a_part);
    for (int done = 1; done <= parts_of_a_copy; ++done) {
        co_await pause(part);
        const auto peer = reach(upstream);
        if (!peer) {
            co_return tl::unexpected(peer.error());
        }
        on_progress({static_cast<std::uint64_t>(done), parts_of_a_copy});
    }
    co_return reach(upstream);
}

Awaitable<Result<void>> ModelDriver::discard(Deadline) {
    co_await pause(some(1, 30) * millisecond);
    database_.discard_data();
    co_return Result<void>{};
}

Awaitable<Result<DecodedLog>> ModelDriver::decode(std::filesystem::path, std::uint64_t, Deadline) {
    co_await pause(some(5, 50) * millisecond);
    DecodedLog decoded;
    decoded.done = true;
    co_return decoded;
}

Awaitable<Result<std::optional<Position>>> ModelDriver::stopped_at(Deadline) {
    co_await pause(some(1, 10) * millisecond);
    std::optional<Position> end;
    if (database_.disk.clean) {
        end = database_.stopped_position();
    }
    co_return end;
}

Result<void> ModelDriver::remove_ticket() {
    database_.ticket.reset();
    return {};
}

Command ModelDriver::start_command() const {
    Command command;
    command.argv = {"server"};
    command.folder = data_folder_;
    return command;
}

std::optional<ProcessId> ModelDriver::running_server() const {
    const auto pid = database_.pid();
    return pid ? std::optional(ProcessId{*pid, static_cast<std::uint64_t>(*pid)}) : std::nullopt;
}

// With a server ------------------------------------------------------------------------------

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

Awaitable<Result<bool>> ModelDriver::role(Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (!answer) {
        co_return tl::unexpected(answer.error());
    }
    if (database_.server().state == ServerState::starting) {
        co_return fail(Errc::unreachable, "it still starts");
    }
    co_return database_.is_primary();
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

Awaitable<Result<void>> ModelDriver::hold_replay(Deadline deadline) {
    co_return co_await answered(deadline);
}

Awaitable<Result<void>> ModelDriver::release_replay(Deadline deadline) {
    co_return co_await answered(deadline);
}

Awaitable<Result<void>> ModelDriver::stop(Deadline deadline) {
    const auto answer = co_await answered(deadline);
    if (answer) {
        before_stop();
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

std::shared_ptr<ModelDriver::Beat> ModelDriver::begin_beat() {
    auto beat = std::make_shared<Beat>();
    database_.commit(0, [beat](bool committed) {
        beat->committed = committed;
        beat->place.ring();
    });
    return beat;
}

Awaitable<Result<Heartbeat>> ModelDriver::end_beat(std::shared_ptr<Beat> beat, Deadline deadline) {
    if (!beat->committed) {
        co_await beat->place.wait(deadline.left().count() * millisecond);
    }
    if (beat->committed) {
        co_return *beat->committed ? Heartbeat::committed : Heartbeat::not_primary;
    }
    const bool answers = database_.is_primary() && !database_.is_frozen();
    if (answers && !database_.waits_for_its_disk()) {
        co_return Heartbeat::waiting_for_standby;
    }
    co_return fail(Errc::timeout, "the commit does not finish");
}

} // namespace lockstep::sim
