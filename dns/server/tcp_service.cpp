#include "dns/server/services.h"

#include <array>
#include <chrono>

#include "platform/bugs.h"
#include "platform/deadline.h"

namespace lockstep::dns {
namespace {

constexpr std::size_t most_connections = 64;
constexpr std::chrono::seconds idle_limit{5};
constexpr std::size_t length_bytes = 2; // RFC 1035, 4.2.2

} // namespace

/// One connection, closed when it brings nothing, or takes nothing, for the idle limit.
class TcpService::Connection : public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(asio::ip::tcp::socket accepted)
        : socket(std::move(accepted)), idle_(socket.get_executor()) {}

    void expect_activity() {
        idle_.expires_after(idle_limit);
        idle_.async_wait([self = shared_from_this()](error_code cancelled) {
            // Set anew after this handler was queued: then it is not meant.
            if (!cancelled && self->idle_.expiry() <= asio::steady_timer::clock_type::now()) {
                self->close();
            }
        });
    }
    void close() {
        error_code ignored; // It is gone either way.
        socket.close(ignored);
        idle_.cancel();
    }

    asio::ip::tcp::socket socket;
    std::array<char, largest_query_bytes> packet{};

private:
    asio::steady_timer idle_;
};

std::shared_ptr<TcpService> TcpService::start(asio::ip::tcp::acceptor acceptor, Respond respond) {
    auto self = std::make_shared<TcpService>(std::move(acceptor), std::move(respond));
    asio::co_spawn(self->acceptor_.get_executor(), accept(self), bugs_end_it);
    return self;
}

void TcpService::close() {
    error_code ignored; // It is gone either way.
    acceptor_.close(ignored);
    for (const auto& connection : connections_) {
        connection->close();
    }
}

Awaitable<void> TcpService::accept(std::shared_ptr<TcpService> self) {
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    const auto executor = self->acceptor_.get_executor();
    const std::chrono::milliseconds breath{50};
    while (self->acceptor_.is_open()) {
        asio::ip::tcp::socket socket(executor);
        const auto [error] = co_await self->acceptor_.async_accept(socket, outcome);
        if (!self->acceptor_.is_open()) {
            co_return;
        }
        if (error) { // Gone again, or no descriptor is free: the next may succeed.
            co_await pause_for(breath);
            continue;
        }
        if (self->connections_.size() >= most_connections) {
            continue; // Closes it: the asker learns at once that it must come again.
        }
        auto connection = std::make_shared<Connection>(std::move(socket));
        self->connections_.insert(connection);
        asio::co_spawn(executor, serve(self, connection), bugs_end_it);
    }
}

namespace {

/// The length before a message, as one number.
[[nodiscard]] std::size_t message_bytes(const std::array<unsigned char, length_bytes>& length) {
    return static_cast<std::size_t>(length[0]) << 8U | length[1];
}

[[nodiscard]] std::string framed(const std::string& message) {
    const std::size_t size = message.size(); // respond() keeps it below 65536.
    std::string frame{static_cast<char>(size >> 8U), static_cast<char>(size & 0xFFU)};
    return frame + message;
}

} // namespace

/// One message into the connection's buffer: its size. None at the end of the connection, and for
/// a message that is too long to be a query: nothing after it can be trusted.
Awaitable<std::optional<std::size_t>>
TcpService::read_message(std::shared_ptr<Connection> connection) {
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    std::array<unsigned char, length_bytes> length{};
    const auto into_length = asio::buffer(length);
    const auto [no_length, length_read] =
        co_await asio::async_read(connection->socket, into_length, outcome);
    const std::size_t size = message_bytes(length);
    if (no_length || length_read != length_bytes || size > connection->packet.size()) {
        co_return std::nullopt;
    }
    const auto into_packet = asio::buffer(connection->packet, size);
    const auto [no_message, message_read] =
        co_await asio::async_read(connection->socket, into_packet, outcome);
    if (no_message || message_read != size || !connection->socket.is_open()) {
        co_return std::nullopt;
    }
    co_return size;
}

Awaitable<void> TcpService::serve(std::shared_ptr<TcpService> self,
                                  std::shared_ptr<Connection> connection) {
    const auto outcome = asio::as_tuple(asio::use_awaitable);
    for (;;) {
        connection->expect_activity();
        const auto size = co_await read_message(connection);
        if (!size) {
            break;
        }
        const std::string_view message(connection->packet.data(), *size);
        const auto reply = self->respond_(message, Transport::tcp);
        if (!reply) { // Not a query: whoever sends this is no client.
            break;
        }
        const std::string frame = framed(*reply);
        const auto bytes = asio::buffer(frame);
        const auto [error, written] =
            co_await asio::async_write(connection->socket, bytes, outcome);
        if (error || written != frame.size()) {
            break;
        }
    }
    connection->close();
    self->connections_.erase(connection);
}

} // namespace lockstep::dns
