#include "platform/answers_tcp.h"

#include <memory>

namespace lockstep {

Awaitable<bool> answers_tcp(std::string address, std::uint16_t port, Deadline deadline) {
    error_code bad;
    const auto ip = asio::ip::make_address(address, bad);
    if (bad) {
        co_return false;
    }
    const auto executor = co_await asio::this_coro::executor;
    // Shared: the timer's handler may be on its way when the connect has just ended.
    const auto socket = std::make_shared<asio::ip::tcp::socket>(executor);
    asio::steady_timer timer(executor, deadline.at());
    const asio::ip::tcp::endpoint endpoint(ip, port);
    timer.async_wait([socket](error_code cancelled) {
        if (!cancelled) {
            error_code ignored;
            socket->close(ignored); // Closing an unconnected socket has no outcome to act upon.
        }
    });
    const auto [failed] =
        co_await socket->async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    timer.cancel();
    co_return !failed;
}

} // namespace lockstep
