#pragma once

#include <optional>

#include "agent/guard_page.h"
#include "agent/guardian.h"
#include "agent/journal.h"
#include "agent/supervisor.h"

namespace lockstep {

/// The agent's end of its guardian: keeps one running and feeds it. An agent that is started again
/// has a guardian of its own, which takes over from the one before: both go by the same page, so
/// between the two nothing is fenced wrongly and nothing goes unguarded.
class Guard {
public:
    Guard(const Supervisor& supervisor, Journal& journal, GuardianPlan plan,
          std::filesystem::path log);

    /// Before run(): the server is started and fenced there.
    void use_cgroup(std::filesystem::path cgroup) { plan_.cgroup = std::move(cgroup); }
    /// Now. Touches nothing but memory.
    void feed(std::optional<Milliseconds> limit);
    /// Keeps a guardian running, and tells what it did.
    [[nodiscard]] Awaitable<void> run();

private:
    void look();
    void start();
    void tell_trouble();
    void tell_fence();

    const Supervisor& supervisor_;
    Journal& journal_;
    GuardianPlan plan_;
    std::filesystem::path log_;
    std::optional<GuardPage> page_;
    std::optional<ProcessId> last_server_;
    std::optional<ProcessId> told_fenced_;
    pid_t started_ = 0;
    Milliseconds again_at_{0};
    bool trouble_told_ = false;
};

} // namespace lockstep
