#pragma once

#include <chrono>
#include <utility>

#include "platform/asio.h"

namespace lockstep {

/// Wakes one waiting coroutine of the same thread. A wake that comes while nobody waits is kept,
/// so that no change is slept through.
class Wake {
public:
    explicit Wake(asio::any_io_executor executor) : timer_(std::move(executor)) {}

    void notify() {
        pending_ = true;
        timer_.cancel();
    }

    /// Returns when notified, or when `at_most` has passed.
    [[nodiscard]] Awaitable<void> wait(std::chrono::milliseconds at_most) {
        if (!pending_) {
            timer_.expires_after(at_most);
            co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        pending_ = false;
    }

private:
    asio::steady_timer timer_;
    bool pending_ = false;
};

} // namespace lockstep
