#pragma once

#include <utility>

#include "core/policy.h"
#include "platform/timer.h"

namespace lockstep {

/// Wakes one waiting coroutine of the same thread. A wake that comes while nobody waits is kept,
/// so that no change is slept through.
class Wakeup {
public:
    explicit Wakeup(asio::any_io_executor executor) : timer_(std::move(executor)) {}

    void wake() {
        pending_ = true;
        timer_.ring();
    }

    /// Returns when woken, or when `span` has passed.
    [[nodiscard]] Awaitable<void> wait_for(Milliseconds span) {
        if (!pending_) {
            co_await timer_.wait_for(span);
        }
        pending_ = false;
    }

private:
    Timer timer_;
    bool pending_ = false;
};

} // namespace lockstep
