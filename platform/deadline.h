#pragma once

#include <chrono>

#include "platform/asio.h"
#include "platform/clock.h"

namespace lockstep {

/// When a piece of work must have ended. One deadline is passed down, never a new timeout a step.
class Deadline {
public:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] static Deadline in(std::chrono::milliseconds span) {
        return Deadline(steady_now() + span);
    }
    [[nodiscard]] Clock::time_point at() const { return at_; }
    [[nodiscard]] bool passed() const { return steady_now() >= at_; }
    /// Zero when passed.
    [[nodiscard]] std::chrono::milliseconds left() const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(at_ - steady_now());
        return left.count() > 0 ? left : std::chrono::milliseconds{0};
    }
    [[nodiscard]] Deadline earlier(std::chrono::milliseconds span) const {
        return Deadline(std::min(at_, steady_now() + span));
    }

private:
    explicit Deadline(Clock::time_point at) : at_(at) {}
    Clock::time_point at_;
};

/// Ends when the deadline does: `co_await (operation() || until(deadline))`.
[[nodiscard]] Awaitable<void> until(Deadline deadline);

/// Sleeps on the current executor.
[[nodiscard]] Awaitable<void> pause_for(std::chrono::milliseconds span);

} // namespace lockstep
