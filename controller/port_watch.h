#pragma once

#include "core/policy.h"

namespace lockstep {

/// Whether a TCP port is dead, from signs of life and failed connects. Two connects in a row must
/// have failed, so that a controller that was itself asleep condemns nobody on waking up.
class PortWatch {
public:
    explicit PortWatch(Milliseconds now) : alive_at_(now) {}

    void alive(Milliseconds now) {
        alive_at_ = now;
        failures_ = 0;
    }
    void failed() { ++failures_; }

    [[nodiscard]] bool dead(Milliseconds now, Milliseconds dead_after) const {
        return failures_ >= failures_wanted && now - alive_at_ >= dead_after;
    }

private:
    static constexpr int failures_wanted = 2;
    Milliseconds alive_at_;
    int failures_ = 0;
};

} // namespace lockstep
