#include "dns/server/name_server.h"

#include <exception>

#include "dns/server/services.h"
#include "platform/log.h"

namespace lockstep::dns {
namespace {

using asio::ip::tcp;
using asio::ip::udp;

/// TCP gets the port that UDP was given, which someone else may have: then another is tried.
constexpr int tries_for_a_free_port = 32;
/// Room for the queries that arrive while the loop does something else. The kernel gives less if
/// its limit is lower.
constexpr int queue_bytes = 1 << 20;

struct Sockets {
    udp::socket datagrams;
    tcp::acceptor connections;
};

[[nodiscard]] std::string in_words(const HostPort& at) {
    const bool is_v6 = at.address.find(':') != std::string::npos;
    return (is_v6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

[[nodiscard]] std::string_view remedy(const error_code& error) {
    if (error == asio::error::address_in_use) {
        return "; another server has this port: stop it, or name another address in dns.listen";
    }
    if (error == asio::error::access_denied) {
        return "; ports below 1024 need CAP_NET_BIND_SERVICE";
    }
    if (error == boost::system::errc::address_not_available) {
        return "; no interface of this machine has the address";
    }
    return "";
}

[[nodiscard]] tl::unexpected<Error> refusal(const HostPort& at, std::string_view what,
                                            const error_code& error) {
    std::string message = "cannot serve DNS on " + in_words(at) + " (" + std::string(what) +
                          "): " + error.message() + std::string(remedy(error));
    return fail(Errc::refused, std::move(message));
}

/// No SO_REUSEADDR: on Linux it would let two processes take the same UDP port.
[[nodiscard]] error_code open(udp::socket& socket, const udp::endpoint& endpoint) {
    error_code error;
    socket.open(endpoint.protocol(), error);
    if (!error) {
        socket.non_blocking(true, error);
    }
    if (!error) {
        socket.set_option(asio::socket_base::receive_buffer_size(queue_bytes), error);
    }
    if (!error) {
        socket.bind(endpoint, error);
    }
    return error;
}

/// SO_REUSEADDR: so that a restart need not wait for connections in TIME_WAIT.
[[nodiscard]] error_code open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    return error;
}

[[nodiscard]] Result<asio::ip::address> address_of(const HostPort& at) {
    error_code error;
    const auto address = asio::ip::make_address(at.address, error);
    if (error) {
        return fail(Errc::refused,
                    "cannot serve DNS on " + in_words(at) + ": an IP address is wanted");
    }
    const bool is_mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    if (address.is_unspecified() || (is_mapped && address.to_string() == "::ffff:0.0.0.0")) {
        return fail(Errc::refused, "cannot serve DNS on " + in_words(at) +
                                       ": name the addresses; on a wildcard address replies could "
                                       "leave from another address than was asked");
    }
    return address;
}

[[nodiscard]] Result<Sockets> open_both(const asio::any_io_executor& executor, const HostPort& at) {
    const auto address = address_of(at);
    if (!address) {
        return tl::unexpected(address.error());
    }
    for (int attempt = 1;; ++attempt) {
        Sockets sockets{udp::socket(executor), tcp::acceptor(executor)};
        if (const auto error = open(sockets.datagrams, udp::endpoint(*address, at.port))) {
            return refusal(at, "UDP", error);
        }
        error_code error;
        const std::uint16_t port = sockets.datagrams.local_endpoint(error).port();
        if (!error) {
            error = open(sockets.connections, tcp::endpoint(*address, port));
        }
        if (!error) {
            return sockets;
        }
        const bool may_be_free = at.port == 0 && error == asio::error::address_in_use;
        if (!may_be_free || attempt == tries_for_a_free_port) {
            return refusal(at, "TCP", error);
        }
    }
}

/// Bytes to bytes, with the zone as it is at that moment. A query that trips a bug is logged and
/// dropped: the next one must be answered.
[[nodiscard]] Respond responder(NameServer::Current current) {
    return [current = std::move(current)](std::string_view packet,
                                          Transport transport) -> std::optional<std::string> {
        try {
            const auto view = current();
            return respond(packet, view ? *view : ZoneView{}, transport);
        } catch (const std::exception& bug) {
            spdlog::error("DNS: a query of {} bytes could not be answered: {}", packet.size(),
                          bug.what());
            return std::nullopt;
        }
    };
}

class Listening : public NameServer {
public:
    Listening(asio::any_io_executor strand, std::uint16_t port)
        : strand_(std::move(strand)), port_(port), services_(std::make_shared<Services>()) {}
    ~Listening() override { shut(); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    void serve(Sockets sockets, const Respond& respond) {
        services_->udp.push_back(UdpService::start(std::move(sockets.datagrams), respond));
        services_->tcp.push_back(TcpService::start(std::move(sockets.connections), respond));
    }
    [[nodiscard]] std::uint16_t port() const override { return port_; }
    void close() override { shut(); }

private:
    struct Services {
        std::vector<std::shared_ptr<UdpService>> udp;
        std::vector<std::shared_ptr<TcpService>> tcp;
    };

    void shut() {
        asio::dispatch(strand_, [services = services_] {
            for (const auto& service : services->udp) {
                service->close();
            }
            for (const auto& service : services->tcp) {
                service->close();
            }
        });
    }

    asio::any_io_executor strand_;
    std::uint16_t port_;
    std::shared_ptr<Services> services_;
};

} // namespace

Result<std::unique_ptr<NameServer>> NameServer::listen(asio::any_io_executor executor,
                                                       const std::vector<HostPort>& at,
                                                       Current current) {
    const asio::any_io_executor strand = asio::make_strand(executor);
    std::vector<Sockets> opened;
    for (const HostPort& one : at) {
        auto sockets = open_both(strand, one);
        if (!sockets) {
            return tl::unexpected(sockets.error());
        }
        opened.push_back(*std::move(sockets));
    }
    if (opened.empty()) {
        return fail(Errc::refused, "cannot serve DNS: dns.listen names no address");
    }
    error_code error;
    const std::uint16_t port = opened.front().datagrams.local_endpoint(error).port();
    auto server = std::make_unique<Listening>(strand, port);
    const Respond respond = responder(std::move(current));
    for (Sockets& sockets : opened) {
        server->serve(std::move(sockets), respond);
    }
    return server;
}

} // namespace lockstep::dns
