#pragma once

#include "core/policy.h"
#include "drivers/driver.h"

namespace lockstep {

/// Holds a standby's replay for the primary's proof (DESIGN.md 7), in a duty cycle: one second
/// held, one second free, so that readers of the standby never wait for longer.
class ReplayHold {
public:
    explicit ReplayHold(Driver& driver) : driver_(driver) {}

    /// Does what is due now.
    [[nodiscard]] Awaitable<Result<void>> step(Milliseconds now);
    /// Lets replay go on, if it is held.
    [[nodiscard]] Awaitable<Result<void>> end();
    /// The server that held it is gone.
    void forget() { held_ = false; }
    [[nodiscard]] bool held() const { return held_; }

private:
    Driver& driver_;
    bool held_ = false;
    Milliseconds cycle_began_{0};
    Milliseconds renewed_{0};
};

} // namespace lockstep
