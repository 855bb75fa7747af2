#include "platform/timer.h"

#include <utility>

namespace lockstep {

struct Timer::State {
    asio::steady_timer timer;
};

Timer::Timer(asio::any_io_executor executor)
    : state_(std::make_unique<State>(State{asio::steady_timer(std::move(executor))})) {}

Timer::~Timer() = default;

Awaitable<void> Timer::wait_for(std::chrono::milliseconds span) {
    state_->timer.expires_after(span);
    co_await state_->timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void Timer::ring() {
    state_->timer.cancel();
}

} // namespace lockstep
