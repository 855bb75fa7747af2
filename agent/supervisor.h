#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/decision/duty.h"
#include "agent/journal.h"
#include "agent/wake.h"
#include "drivers/driver.h"
#include "platform/process.h"

namespace lockstep {

/// Owns the server's process: starts it, adopts it, learns of its death, stops it, fences it.
/// The database goes on when this process ends.
class Supervisor {
public:
    enum class State { none, ending, leftover, running };

    struct Hooks {
        std::function<void()> gone;    // Called at once when the process is dead.
        std::function<void()> changed; // Called whenever state() changed.
    };

    Supervisor(asio::any_io_executor executor, Driver& driver, Journal& journal, Hooks hooks);

    /// Servers are started in this control group, and fenced by it.
    void use_cgroup(std::filesystem::path cgroup) { cgroup_ = std::move(cgroup); }

    /// Takes over a server that runs already, by pid, start time and working directory. Only for
    /// a data folder of this agent's.
    void adopt();

    [[nodiscard]] State state() const { return state_; }
    /// The server's own process lives, as far as the kernel told; also while it is being fenced.
    [[nodiscard]] bool has_process() const { return process_.has_value(); }
    [[nodiscard]] const std::optional<ProcessId>& process() const { return process_; }
    /// How the last server process ended; empty: none did.
    [[nodiscard]] const std::string& death() const { return death_; }

    /// Writes the ticket and starts the server. Never while a process is left in the data folder:
    /// it is ended first. `still_wanted` is asked at the last moment.
    [[nodiscard]] Awaitable<Result<void>> start(Ticket ticket, std::function<bool()> still_wanted);
    /// Asks for a clean stop and waits for nothing.
    [[nodiscard]] Awaitable<Result<void>> ask_to_stop(std::string why, Deadline deadline);
    /// Stops it cleanly; what is left at the deadline is fenced.
    [[nodiscard]] Awaitable<Result<void>> stop(std::string why, Deadline deadline);
    /// DESIGN.md 4. Returns when no process is left.
    [[nodiscard]] Awaitable<Result<void>> fence(std::string why);
    [[nodiscard]] Result<void> remove_ticket();
    [[nodiscard]] bool may_have_ticket() const { return may_have_ticket_; }

    /// The server answers: once it has lived for long enough, its start was no failure.
    void answered();
    /// Back-off after deaths right after a start.
    [[nodiscard]] bool start_is_held() const;
    [[nodiscard]] unsigned failed_starts() const { return failed_starts_; }

private:
    [[nodiscard]] Result<void> watch(ProcessId process);
    [[nodiscard]] Awaitable<void> wait_for_death(std::shared_ptr<DeathWatch> death,
                                                 ProcessId process);
    [[nodiscard]] Awaitable<void> clean_up();
    [[nodiscard]] Awaitable<Result<void>> end_all(std::optional<ProcessId> process);
    [[nodiscard]] Awaitable<void> until_reaped();
    void died(ProcessId process);
    void set_state(State state);
    void count_failed_start();
    void tell_failed_starts();

    asio::any_io_executor executor_;
    Driver& driver_;
    Journal& journal_;
    Hooks hooks_;
    std::filesystem::path cgroup_; // Empty: there is none.
    State state_ = State::none;
    std::optional<ProcessId> process_;
    std::optional<ProcessId> last_process_; // The one that died, as long as its pid may be taken.
    std::shared_ptr<DeathWatch> death_watch_;
    Wake ended_;
    std::string death_;
    std::string ending_why_; // Not empty: this agent ends it, and why.
    bool fencing_ = false;
    bool may_have_ticket_ = true; // An earlier agent may have left one.
    unsigned failed_starts_ = 0;
    bool failed_start_untold_ = false;
    std::chrono::milliseconds started_at_{0};
    std::chrono::milliseconds held_until_{0};
};

} // namespace lockstep
