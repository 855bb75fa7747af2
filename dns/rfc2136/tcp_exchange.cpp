#include "dns/rfc2136/tcp_exchange.h"

#include <array>
#include <memory>

namespace lockstep::dns {
namespace {

using asio::ip::tcp;

constexpr std::size_t length_bytes = 2;
constexpr std::size_t longest_message = 65535;

/// A socket that is closed when the deadline passes: a cancel would miss the operation that starts
/// just after it.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(const asio::any_io_executor& executor)
        : socket(executor), timer_(executor) {}

    void close_at(Deadline deadline) {
        timer_.expires_at(deadline.at());
        timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
            const auto self = weak.lock();
            if (!cancelled && self) {
                self->late_ = true;
                self->close();
            }
        });
    }
    void close() {
        error_code ignored; // It is gone either way.
        socket.close(ignored);
        timer_.cancel();
    }
    [[nodiscard]] std::string reason(const error_code& error) const {
        return late_ ? "no answer in time" : error.message();
    }

    tcp::socket socket;

private:
    asio::steady_timer timer_;
    bool late_ = false;
};

[[nodiscard]] std::string framed(const std::string& message) {
    return std::string{static_cast<char>(message.size() >> 8U),
                       static_cast<char>(message.size() & 0xFFU)} +
           message;
}

Awaitable<Result<std::string>> receive(std::shared_ptr<Connection> connection,
                                       std::size_t most_bytes) {
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    std::array<unsigned char, length_bytes> length{};
    const auto into_length = asio::buffer(length);
    const auto [no_length, length_read] =
        co_await asio::async_read(connection->socket, into_length, outcome);
    if (no_length) {
        co_return fail(Errc::timeout, "the update was sent, and may have been made: " +
                                          connection->reason(no_length));
    }
    const auto size = static_cast<std::size_t>(length[0]) << 8U | length[1];
    if (size > most_bytes) {
        co_return fail(Errc::corrupt,
                       "answers with a message of " + std::to_string(size) + " bytes");
    }
    std::string reply(size, '\0');
    const auto into_reply = asio::buffer(reply);
    const auto [no_reply, reply_read] =
        co_await asio::async_read(connection->socket, into_reply, outcome);
    if (no_reply) {
        co_return fail(Errc::timeout, "the update was sent, and may have been made: " +
                                          connection->reason(no_reply));
    }
    co_return reply;
}

Awaitable<Result<std::string>> exchange_on(std::shared_ptr<Connection> connection, HostPort server,
                                           std::string message, std::size_t most_bytes) {
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    error_code no_address;
    const tcp::endpoint to(asio::ip::make_address(server.address, no_address), server.port);
    if (no_address || message.size() > longest_message) {
        co_return fail(Errc::refused, "a message of " + std::to_string(message.size()) +
                                          " bytes cannot be sent to " + server.address);
    }
    const auto [not_connected] = co_await connection->socket.async_connect(to, outcome);
    if (not_connected) {
        co_return fail(Errc::unreachable,
                       "cannot be connected by TCP: " + connection->reason(not_connected));
    }
    const std::string frame = framed(message);
    const auto bytes = asio::buffer(frame);
    const auto [not_sent, written] = co_await asio::async_write(connection->socket, bytes, outcome);
    if (not_sent) {
        co_return fail(Errc::unreachable,
                       "does not take the update: " + connection->reason(not_sent));
    }
    co_return co_await receive(connection, most_bytes);
}

} // namespace

Awaitable<Result<std::string>> exchange_by_tcp(HostPort server, std::string message,
                                               std::size_t most_bytes, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto connection = std::make_shared<Connection>(executor);
    connection->close_at(deadline);
    auto reply = co_await exchange_on(connection, server, message, most_bytes);
    connection->close();
    co_return reply;
}

} // namespace lockstep::dns
