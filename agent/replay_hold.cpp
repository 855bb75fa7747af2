#include "agent/replay_hold.h"

namespace lockstep {
namespace {

constexpr Milliseconds longest_hold{1000};
constexpr Milliseconds whole_cycle{2000};
constexpr Milliseconds renew_after{300};
constexpr Milliseconds longest_call{2000};

} // namespace

Awaitable<Result<void>> ReplayHold::step(Milliseconds now) {
    if (now - cycle_began_ >= whole_cycle) {
        cycle_began_ = now;
        renewed_ = Milliseconds{0};
    }
    if (now - cycle_began_ >= longest_hold) {
        auto ended = co_await end();
        co_return ended;
    }
    if (now - renewed_ < renew_after) {
        co_return Result<void>{};
    }
    held_ = true; // Also if the answer gets lost.
    const auto deadline = Deadline::in(longest_call);
    auto done = co_await driver_.hold_replay(deadline);
    if (done) {
        renewed_ = now;
    }
    co_return done;
}

Awaitable<Result<void>> ReplayHold::end() {
    if (!held_) {
        co_return Result<void>{};
    }
    held_ = false; // Tried once: the hold is a lease that ends by itself.
    const auto deadline = Deadline::in(longest_call);
    auto done = co_await driver_.release_replay(deadline);
    co_return done;
}

} // namespace lockstep
