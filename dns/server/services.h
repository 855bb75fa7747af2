#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "dns/server/wire.h"
#include "platform/asio.h"

/// The two ways in which packets reach the name server. Each service lives on one strand, and ends
/// when it is closed: a coroutine of its own holds it until then.
namespace lockstep::dns {

using Respond = std::function<std::optional<std::string>(std::string_view, Transport)>;

class UdpService {
public:
    [[nodiscard]] static std::shared_ptr<UdpService> start(asio::ip::udp::socket socket,
                                                           Respond respond);
    void close();
    UdpService(asio::ip::udp::socket socket, Respond respond)
        : socket_(std::move(socket)), respond_(std::move(respond)) {}

private:
    static Awaitable<void> serve(std::shared_ptr<UdpService> self);
    void reply(std::string_view packet, const asio::ip::udp::endpoint& asker);

    asio::ip::udp::socket socket_;
    Respond respond_;
};

/// Queries follow each other on a connection (RFC 7766, 6.2.1), answered in their order.
class TcpService {
public:
    [[nodiscard]] static std::shared_ptr<TcpService> start(asio::ip::tcp::acceptor acceptor,
                                                           Respond respond);
    void close();
    TcpService(asio::ip::tcp::acceptor acceptor, Respond respond)
        : acceptor_(std::move(acceptor)), respond_(std::move(respond)) {}

private:
    class Connection;
    static Awaitable<void> accept(std::shared_ptr<TcpService> self);
    static Awaitable<void> serve(std::shared_ptr<TcpService> self,
                                 std::shared_ptr<Connection> connection);
    static Awaitable<std::optional<std::size_t>>
    read_message(std::shared_ptr<Connection> connection);

    asio::ip::tcp::acceptor acceptor_;
    Respond respond_;
    std::set<std::shared_ptr<Connection>> connections_;
};

} // namespace lockstep::dns
