#include "platform/process.h"

#include <algorithm>
#include <utility>

#include "platform/cgroup.h"
#include "tests/sim/host.h"

/// Server processes: the simulated databases.
namespace lockstep {
namespace {

constexpr sim::Micros kill_takes = 2 * sim::millisecond;

} // namespace

Result<ProcessId> identify(pid_t pid) {
    if (sim::Hosts::current().with_pid(pid) == nullptr) {
        return fail(Errc::unreachable, "no process " + std::to_string(pid));
    }
    return ProcessId{pid, static_cast<std::uint64_t>(pid)};
}

Result<ProcessId> launch_detached(const Command& command, const std::filesystem::path&) {
    const auto pid = sim::Hosts::of(command.folder).server->launch();
    return ProcessId{pid, static_cast<std::uint64_t>(pid)};
}

Result<void> become_subreaper() {
    return {};
}

std::vector<Reaped> reap_children() {
    // Asked by an agent only; which one is known by whose turn it is: each reaps its own host's.
    std::vector<Reaped> reaped;
    sim::Hosts::current().for_each([&reaped](sim::Host& host) {
        if (host.agent != nullptr && host.agent->is_running()) {
            reaped = std::exchange(host.dead_children, {});
        }
    });
    return reaped;
}

struct DeathWatch::State {
    pid_t pid = 0;
    sim::Host* host = nullptr;
    sim::Place place;
};

DeathWatch::DeathWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}

DeathWatch::~DeathWatch() {
    close();
}

Result<std::unique_ptr<DeathWatch>> DeathWatch::open(asio::any_io_executor, ProcessId process) {
    auto* host = sim::Hosts::current().with_pid(process.pid);
    if (host == nullptr) {
        return fail(Errc::unreachable, "process " + std::to_string(process.pid) + " is dead");
    }
    auto state = std::make_unique<State>();
    state->pid = process.pid;
    state->host = host;
    return std::make_unique<DeathWatch>(std::move(state));
}

Awaitable<void> DeathWatch::dead() {
    if (state_->host->server->pid() == state_->pid) {
        state_->host->mourners[state_->pid].push_back(&state_->place);
        co_await state_->place.wait(std::nullopt);
    }
}

void DeathWatch::close() {
    for (auto& [pid, places] : state_->host->mourners) {
        std::erase(places, &state_->place);
    }
}

Awaitable<Result<ToolResult>> run_tool(Command command, Deadline,
                                       std::function<void(std::string_view)>) {
    co_return fail(Errc::refused, command.argv.front() + ": no tools in the simulation");
}

std::vector<pid_t> processes_in(const std::filesystem::path& folder) {
    const auto* server = sim::Hosts::of(folder).server;
    const auto pid = server == nullptr ? std::nullopt : server->pid();
    return pid ? std::vector<pid_t>{*pid} : std::vector<pid_t>{};
}

Awaitable<Result<void>> kill_all_in(std::filesystem::path folder, std::optional<ProcessId>,
                                    Deadline, std::filesystem::path) {
    auto* server = sim::Hosts::of(folder).server;
    // The kill itself is at once; to see that nothing is left takes a moment.
    if (server != nullptr && server->pid()) {
        server->kill("killed by signal 9");
    }
    co_await sim::pause(kill_takes);
    co_return Result<void>{};
}

Result<std::filesystem::path> make_cgroup(const std::string& name) {
    return fail(Errc::unsupported, name + ": no control groups are simulated");
}

Result<void> kill_cgroup(const std::filesystem::path&) {
    return {};
}

std::vector<pid_t> processes_in_cgroup(const std::filesystem::path&) {
    return {};
}

} // namespace lockstep
