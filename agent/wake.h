#pragma once

#include <chrono>
#include <utility>

#include "platform/timer.h"

namespace lockstep {

/// Wakes one waiting coroutine of the same thread. A wake that comes while nobody waits is kept,
/// so that no change is slept through.
class Wake {
public:
    explicit Wake(asio::any_io_executor executor) : timer_(std::move(executor)) {}

    void notify() {
        pending_ = true;
        timer_.ring();
    }

    /// Returns when notified, or when `at_most` has passed.
    [[nodiscard]] Awaitable<void> wait(std::chrono::milliseconds at_most) {
        if (!pending_) {
            co_await timer_.wait_for(at_most);
        }
        pending_ = false;
    }

private:
    Timer timer_;
    bool pending_ = false;
};

} // namespace lockstep
