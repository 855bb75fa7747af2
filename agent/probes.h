#pragma once

#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/memory.h"
#include "agent/supervisor.h"
#include "drivers/driver.h"

namespace lockstep {

/// Asks the server how it is, on loops of their own: none of them waits for another, or for a
/// command.
class Probes {
public:
    Probes(Driver& driver, LocalState& state, Supervisor& supervisor, const Memory& memory,
           Journal& journal);

    /// Every 100 ms, and at once when woken.
    [[nodiscard]] Awaitable<void> observe();
    /// A commit every 300 ms on a primary: silence needs traffic (DESIGN.md 5).
    [[nodiscard]] Awaitable<void> heartbeat();
    /// On a standby: frees commits that wait for what it has and was not asked for.
    [[nodiscard]] Awaitable<void> acknowledge();
    /// While a standby has no stream: does its upstream's port answer?
    [[nodiscard]] Awaitable<void> upstream();

private:
    [[nodiscard]] Awaitable<void> observe_once();
    [[nodiscard]] Awaitable<void> heartbeat_once();
    [[nodiscard]] Awaitable<void> acknowledge_once();
    [[nodiscard]] bool takes_over() const;
    [[nodiscard]] bool waits_behind_door() const;
    [[nodiscard]] bool runs() const { return supervisor_.state() == Supervisor::State::running; }

    Driver& driver_;
    LocalState& state_;
    Supervisor& supervisor_;
    const Memory& memory_;
    Journal& journal_;
};

} // namespace lockstep
