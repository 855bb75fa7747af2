#include "platform/deadline.h"

namespace lockstep {

Awaitable<void> until(Deadline deadline) {
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline.at());
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

Awaitable<void> pause_for(std::chrono::milliseconds span) {
    asio::steady_timer timer(co_await asio::this_coro::executor, span);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

} // namespace lockstep
