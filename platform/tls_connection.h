#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "platform/certificates.h"
#include "platform/tls_context.h"

/// One TLS connection as bytes, each operation with its deadline. For platform/ only: frames and
/// HTTP are made of it.
namespace lockstep {

/// When a deadline passes the socket is closed, not cancelled: a cancel misses the operation that
/// starts just after it. Not thread-safe; one reader and one writer at a time.
class TlsConnection : public std::enable_shared_from_this<TlsConnection> {
public:
    using Socket = asio::ip::tcp::socket;

    TlsConnection(Socket socket, std::shared_ptr<TlsContext> context, std::string remote);

    /// Connects and shakes hands. The other side must be of the kind `whom`, and (except in a join)
    /// its certificate must name `to.address`. Errors: `unreachable`, `refused`, `timeout`.
    [[nodiscard]] static Awaitable<Result<std::shared_ptr<TlsConnection>>>
    dial(HostPort to, std::shared_ptr<TlsContext> context, Deadline deadline,
         CertificateUse whom = CertificateUse::controller);
    /// The server's side of the handshake. Errors (which don't name the other side): `unreachable`,
    /// `refused`, `timeout`.
    [[nodiscard]] Awaitable<Result<void>> accept_handshake(Deadline deadline);

    [[nodiscard]] const std::optional<PeerIdentity>& peer() const { return peer_; }
    /// "ADDRESS:PORT"
    [[nodiscard]] const std::string& remote() const { return remote_; }

    /// At least one byte. Errors: `unreachable` at the end, `refused` if the other side refused our
    /// certificate (TLS 1.3 tells a client so only here), `timeout`, `corrupt`.
    [[nodiscard]] Awaitable<Result<std::size_t>> read_some(std::span<char> into, Deadline deadline);
    /// Fills `into`. `what` is named in the error if the stream ends inside it.
    [[nodiscard]] Awaitable<Result<void>> read_all(std::span<char> into, std::string what,
                                                   Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> write_all(std::string bytes, Deadline deadline);
    /// Ends our direction and waits a moment for the other side to end its own, so that what was
    /// written last is not lost to a reset. Then closes.
    [[nodiscard]] Awaitable<void> end_politely();
    void close();

private:
    class Alarm;

    Awaitable<Result<void>> connect(asio::ip::tcp::endpoint to, Deadline deadline);
    Awaitable<Result<void>> handshake(asio::ssl::stream_base::handshake_type side,
                                      Deadline deadline); // Its errors don't name the other side.
    Result<void> expect_address(const std::string& address);
    Result<void> expect_kind(CertificateUse whom) const;
    [[nodiscard]] Error reason(const error_code& failure, bool late) const;
    [[nodiscard]] tl::unexpected<Error> explain(const error_code& failure, bool late) const;

    std::shared_ptr<TlsContext> context_;
    asio::ssl::stream<Socket> stream_;
    std::string remote_;
    std::optional<PeerIdentity> peer_;
    bool closed_ = false;
};

/// "ADDRESS:PORT", "[V6]:PORT"
[[nodiscard]] std::string to_text(const asio::ip::tcp::endpoint& endpoint);
/// Errors: `refused`: an IP address is wanted.
[[nodiscard]] Result<asio::ip::tcp::endpoint> to_endpoint(const HostPort& at);

} // namespace lockstep
