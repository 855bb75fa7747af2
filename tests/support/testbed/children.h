#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/types.h>

/// What the demo and the end-to-end tests share: a real installation, real writers, one ledger. It
/// shares no code with the product, so that a mistake there cannot hide itself here.
namespace lockstep::testbed {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// When something must have ended.
[[nodiscard]] inline Clock::time_point in(Milliseconds span) {
    return Clock::now() + span;
}

/// The installation did not do what the harness needs of it. The message says what was waited for
/// and shows the ends of the logs.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Spawn {
    std::vector<std::string> argv; // argv[0] is looked up in PATH
    std::vector<std::string> env;  // "NAME=value", added to this process's environment
    std::filesystem::path folder;  // Working directory; empty: this process's.
};

/// How a process ended: its exit status, or 128 + the signal that killed it.
using ExitStatus = int;

/// Starts a server in a session of its own, so that a Ctrl-C meant for the harness doesn't reach
/// it; standard output and error are appended to `log`.
[[nodiscard]] pid_t start(const Spawn& spawn, const std::filesystem::path& log);

/// Empty if it still runs at `by`.
[[nodiscard]] std::optional<ExitStatus> wait_for(pid_t child, Clock::time_point by);

struct Outcome {
    ExitStatus status = 0;
    std::string output; // standard output
    std::string errors; // standard error
};

/// Runs a tool to its end, with `input` on its standard input. Throws Failure when it has not ended
/// at `by`; its process group is killed first.
[[nodiscard]] Outcome run(const Spawn& spawn, Clock::time_point by, const std::string& input = {});

/// The same; throws Failure also unless it exits with 0. Returns its standard output.
std::string must_run(const Spawn& spawn, Clock::time_point by, const std::string& input = {});

} // namespace lockstep::testbed
