#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ssl.hpp>

#include "core/result.h"
#include "platform/asio.h"
#include "platform/tls_stream.h"

/// What one side of a TLS 1.3 connection shows and whom it trusts. For platform/ only.
namespace lockstep {

struct TlsContext {
    asio::ssl::context ssl;
    // A join: the authority is known by its fingerprint only. Otherwise empty.
    std::string expected_ca_fingerprint;

    explicit TlsContext(asio::ssl::context::method method) : ssl(method) {}
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext() = default;
};

enum class ClientCertificate { asked_for, demanded };

/// The server shows its certificate with the authority's behind it, so that a joiner can check the
/// authority's fingerprint. Errors: `refused` or `unreachable`, naming the file and why.
[[nodiscard]] Result<std::shared_ptr<TlsContext>> server_context(const TlsFiles& files,
                                                                 ClientCertificate certificate);
/// With a fingerprint, `files.ca` is not read and the chain must end in that authority.
[[nodiscard]] Result<std::shared_ptr<TlsContext>>
client_context(const TlsFiles& files, const std::string& expected_ca_fingerprint);

/// Who the other side's certificate names; empty if it showed none.
[[nodiscard]] std::optional<PeerIdentity> peer_identity(const SSL* ssl);

/// The reason of a failed handshake in words: OpenSSL's, and the certificate check's if it was
/// that.
[[nodiscard]] std::string handshake_reason(const SSL* ssl, const error_code& failure);
/// "unknown ca", if `failure` is an alert sent by the other side; else empty.
[[nodiscard]] std::string received_alert(const error_code& failure);

} // namespace lockstep
