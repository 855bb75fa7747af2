#include "platform/tls_listener.h"

#include <exception>
#include <utility>

namespace lockstep {

namespace {

using asio::ip::tcp;

constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);
// Accepting fails when file descriptors have run out: trying again at once would only spin.
constexpr std::chrono::milliseconds pause_after_failed_accept{100};

std::string advice(const error_code& failure) {
    if (failure == asio::error::address_in_use) {
        return "; another process listens there: stop it or choose another port";
    }
    if (failure.value() == EADDRNOTAVAIL) {
        return "; this machine has no such address";
    }
    return failure == asio::error::access_denied ? "; ports below 1024 need CAP_NET_BIND_SERVICE"
                                                 : "";
}

Result<tcp::acceptor> open(const asio::any_io_executor& executor, const tcp::endpoint& at) {
    error_code failure;
    tcp::acceptor acceptor(executor);
    acceptor.open(at.protocol(), failure);
    if (!failure) {
        acceptor.set_option(asio::socket_base::reuse_address(true), failure);
    }
    if (!failure) {
        acceptor.bind(at, failure);
    }
    if (!failure) {
        acceptor.listen(asio::socket_base::max_listen_connections, failure);
    }
    if (failure) {
        return fail(Errc::refused,
                    "cannot listen on " + to_text(at) + ": " + failure.message() + advice(failure));
    }
    return acceptor;
}

} // namespace

Result<std::shared_ptr<TlsListener>> TlsListener::listen(asio::any_io_executor executor,
                                                         HostPort at,
                                                         std::shared_ptr<TlsContext> context,
                                                         Options options, Serve serve,
                                                         Trouble on_trouble) {
    const auto endpoint = to_endpoint(at);
    if (!endpoint) {
        return tl::unexpected(endpoint.error());
    }
    auto acceptor = open(executor, *endpoint);
    if (!acceptor) {
        return tl::unexpected(acceptor.error());
    }
    // make_shared cannot reach a private constructor.
    std::shared_ptr<TlsListener> listener(new TlsListener(std::move(*acceptor), std::move(context),
                                                          options, std::move(serve),
                                                          std::move(on_trouble)));
    asio::co_spawn(executor, accept(listener), [](const std::exception_ptr& bug) {
        if (bug) {
            std::rethrow_exception(bug);
        }
    });
    return listener;
}

TlsListener::TlsListener(Acceptor acceptor, std::shared_ptr<TlsContext> context, Options options,
                         Serve serve, Trouble on_trouble)
    : acceptor_(std::move(acceptor)), context_(std::move(context)), options_(options),
      serve_(std::move(serve)), on_trouble_(std::move(on_trouble)) {
    error_code ignored; // An acceptor that listens has an address.
    port_ = acceptor_.local_endpoint(ignored).port();
}

Awaitable<void> TlsListener::accept(std::shared_ptr<TlsListener> self) {
    while (!self->closed_) {
        Socket socket(self->acceptor_.get_executor());
        const auto [failure] = co_await self->acceptor_.async_accept(socket, awaiting);
        if (self->closed_) {
            break;
        }
        if (failure) {
            self->on_trouble_("port " + std::to_string(self->port_),
                              "cannot accept a connection: " + failure.message());
            co_await pause_for(pause_after_failed_accept);
            continue;
        }
        self->admit(std::move(socket));
    }
}

void TlsListener::admit(Socket socket) {
    error_code failure;
    const auto endpoint = socket.remote_endpoint(failure);
    if (failure) {
        return; // Already gone again.
    }
    const std::string remote = to_text(endpoint);
    if (connections_.size() >= options_.most_connections) {
        // Told once per rush: whoever causes it must not fill the log too.
        if (!std::exchange(told_full_, true)) {
            on_trouble_(remote, "turned away: " + std::to_string(options_.most_connections) +
                                    " connections are open, and that is the limit");
        }
        return;
    }
    told_full_ = false;
    auto connection = std::make_shared<TlsConnection>(std::move(socket), context_, remote);
    connections_.insert(connection);
    asio::co_spawn(acceptor_.get_executor(), serve_one(shared_from_this(), connection),
                   [self = shared_from_this(), connection](const std::exception_ptr& bug) {
                       self->ended(connection, bug);
                   });
}

Awaitable<void> TlsListener::serve_one(std::shared_ptr<TlsListener> self,
                                       std::shared_ptr<TlsConnection> connection) {
    const auto deadline = Deadline::in(self->options_.handshake_within);
    const auto shaken = co_await connection->accept_handshake(deadline);
    if (shaken) {
        co_await self->serve_(connection);
    } else if (!self->closed_) {
        self->on_trouble_(connection->remote(), shaken.error().message);
    }
    co_await connection->end_politely();
}

void TlsListener::ended(const std::shared_ptr<TlsConnection>& connection,
                        const std::exception_ptr& bug) {
    connections_.erase(connection);
    if (!bug) {
        return;
    }
    connection->close();
    // One connection's bug must not end the others: it is told, and its connection is gone.
    try {
        std::rethrow_exception(bug);
    } catch (const std::exception& error) {
        on_trouble_(connection->remote(), std::string("bug while serving: ") + error.what());
    }
}

void TlsListener::close() {
    closed_ = true;
    error_code ignored; // Nothing is left to do with an acceptor that does not close.
    acceptor_.close(ignored);
    for (const auto& connection : connections_) {
        connection->close();
    }
}

} // namespace lockstep
