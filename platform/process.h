#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/result.h"
#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep {

/// What to run. Arguments are seen by every user of the machine: no secrets in them.
struct Command {
    std::vector<std::string> argv;  // argv[0] is a path
    std::vector<std::string> env;   // "NAME=value", added to this process's environment
    std::filesystem::path folder;   // Working directory; empty: this process's.
    std::filesystem::path cgroup{}; // The control group it joins; empty: this process's.
    std::filesystem::path input{};  // A tool's standard input: opened by us, so a named pipe needs
                                    // its other end open already; empty: /dev/null.
    std::filesystem::path output{}; // A tool's standard output, likewise; empty: it is told, as its
                                    // standard error always is.
};

/// A process on this machine, told apart from a later one with the same pid by its start time.
struct ProcessId {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0; // /proc/PID/stat, field 22
    friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

/// Errors: `unreachable` if there is no such process or it is a zombie.
[[nodiscard]] Result<ProcessId> identify(pid_t pid);

/// Starts a server that shall outlive this process: own session, standard output and error
/// appended to `log`, standard input from /dev/null. Errors: `refused` if it cannot be executed,
/// naming the program.
[[nodiscard]] Result<ProcessId> launch_detached(const Command& command,
                                                const std::filesystem::path& log);

/// Makes this process the one that orphans below it are handed to (PR_SET_CHILD_SUBREAPER), so
/// that a dead server's children leave no zombies (DECISIONS.md 12).
[[nodiscard]] Result<void> become_subreaper();
/// Reaps every dead child there is; says how each ended ("killed by signal 9", "exit status 1").
struct Reaped {
    pid_t pid;
    std::string how;
};
[[nodiscard]] std::vector<Reaped> reap_children();

/// Learns of a process's death from the kernel (pidfd), not by polling; works for processes that
/// are not children.
class DeathWatch {
public:
    /// Errors: `unreachable` if it is dead already.
    [[nodiscard]] static Result<std::unique_ptr<DeathWatch>> open(asio::any_io_executor executor,
                                                                  ProcessId process);
    /// Returns when the process is dead (a zombie counts as dead), and only then: closed or
    /// cancelled, it throws `operation_aborted`.
    [[nodiscard]] Awaitable<void> dead();
    void close();
    ~DeathWatch();
    struct State;
    explicit DeathWatch(std::unique_ptr<State> state);

private:
    std::unique_ptr<State> state_;
};

/// Runs a tool to its end. Its output lines (standard output and error together, each at most
/// 4 KiB) are handed to `on_line` as they come, also those ended by a carriage return (progress
/// meters). The tool gets a process group of its own, which is killed at the deadline, when the
/// coroutine is cancelled, when this process dies, and (what the tool left of it) when the tool has
/// ended. Returns the exit status. Errors: `timeout`, `refused`.
struct ToolResult {
    int exit_status = 0; // 128 + signal if killed by one
    std::string output;  // the last 16 KiB
};
[[nodiscard]] Awaitable<Result<ToolResult>>
run_tool(Command command, Deadline deadline, std::function<void(std::string_view)> on_line = {});

/// Every process whose working directory is `folder` or below it; zombies don't count.
[[nodiscard]] std::vector<pid_t> processes_in(const std::filesystem::path& folder);

/// The living children of a process; zombies don't count.
[[nodiscard]] std::vector<ProcessId> children_of(pid_t parent);

/// DESIGN.md 4, fence: SIGSTOPs `main` (if given), then SIGKILLs it and every process whose working
/// directory is `folder` or below, again and again, until none is left; reaps those that are
/// children of this process. With a `cgroup` the kernel kills all that is in it first, which also
/// gets what has gone elsewhere. Errors: `timeout` naming the pids that are left.
[[nodiscard]] Awaitable<Result<void>> kill_all_in(std::filesystem::path folder,
                                                  std::optional<ProcessId> main, Deadline deadline,
                                                  std::filesystem::path cgroup = {});

} // namespace lockstep
