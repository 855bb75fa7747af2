#pragma once

#include <utility>

#include "core/policy.h"
#include "platform/asio.h"

namespace lockstep {

/// Wakes one waiting coroutine of the same thread. A wake that comes while nobody waits is kept,
/// so that no change is slept through.
class Wakeup {
public:
    explicit Wakeup(asio::any_io_executor executor) : timer_(std::move(executor)) {}

    void wake() {
        pending_ = true;
        timer_.cancel();
    }

    /// Returns when woken, or when `span` has passed.
    [[nodiscard]] Awaitable<void> wait_for(Milliseconds span) {
        if (!pending_) {
            timer_.expires_after(span);
            co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        pending_ = false;
    }

private:
    asio::steady_timer timer_;
    bool pending_ = false;
};

} // namespace lockstep
