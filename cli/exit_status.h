#pragma once

#include <string>

#include <tl/expected.hpp>

namespace lockstep::cli {

/// What the program ends with; `lockstep --help` lists them.
enum class ExitStatus {
    done = 0,
    failed = 1,        // Refused by the controller, or failed.
    usage = 2,         // A mistake in the command line or the configuration.
    unreachable = 3,   // The controller gave no answer.
    no_such_thing = 4, // No such pair, member or agent.
    timed_out = 5,     // Waited until the timeout; the work goes on.
    not_in_sync = 6,   // `status`: a pair is not in sync, or in alarm.
};

/// Why a verb ended early: what the user reads, and the status.
struct Failure {
    ExitStatus status = ExitStatus::failed;
    std::string message;
};

template <class T> using Answer = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> give_up(ExitStatus status, std::string message) {
    return tl::unexpected<Failure>(Failure{status, std::move(message)});
}

} // namespace lockstep::cli
