#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "platform/tls_connection.h"

namespace lockstep {

/// Accepts TLS connections and serves each in a coroutine of its own, ended politely when it
/// returns. For platform/ only. Lives on one strand, and goes before its context does.
class TlsListener : public std::enable_shared_from_this<TlsListener> {
public:
    using Serve = std::function<Awaitable<void>(std::shared_ptr<TlsConnection>)>;
    using Trouble = std::function<void(std::string address, std::string reason)>;
    struct Options {
        std::size_t most_connections = 64;
        std::chrono::milliseconds handshake_within{5000};
    };

    /// Errors: `refused`, naming the address and the system's reason.
    [[nodiscard]] static Result<std::shared_ptr<TlsListener>>
    listen(asio::any_io_executor executor, HostPort at, std::shared_ptr<TlsContext> context,
           Options options, Serve serve, Trouble on_trouble);

    [[nodiscard]] std::uint16_t port() const { return port_; }
    void close();

private:
    using Acceptor = asio::ip::tcp::acceptor;
    using Socket = asio::ip::tcp::socket;

    TlsListener(Acceptor acceptor, std::shared_ptr<TlsContext> context, Options options,
                Serve serve, Trouble on_trouble);

    static Awaitable<void> accept(std::shared_ptr<TlsListener> self);
    static Awaitable<void> serve_one(std::shared_ptr<TlsListener> self,
                                     std::shared_ptr<TlsConnection> connection);
    void admit(Socket socket);
    void ended(const std::shared_ptr<TlsConnection>& connection, const std::exception_ptr& bug);

    Acceptor acceptor_;
    std::shared_ptr<TlsContext> context_;
    Options options_;
    Serve serve_;
    Trouble on_trouble_;
    std::uint16_t port_ = 0;
    std::set<std::shared_ptr<TlsConnection>> connections_;
    bool told_full_ = false;
    bool closed_ = false;
};

} // namespace lockstep
