#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "platform/tls_stream.h"

/// HTTP/1.1 over TLS 1.3 with client certificates, as byte interfaces: nothing of the HTTP
/// library shows here.
namespace lockstep {

struct HttpRequest {
    std::string method;                       // "GET"
    std::string path;                         // "/v1/pairs/shop", decoded, without the query
    std::map<std::string, std::string> query; // decoded
    std::string body;
    PeerIdentity peer;
};

struct HttpResponse {
    int status = 200;
    std::string body; // JSON
};

struct HttpLimits {
    std::size_t most_connections = 64;
    std::size_t largest_body_bytes = 1U << 20U;
    std::chrono::milliseconds request_within{10000}; // From its start to its last byte.
    std::chrono::milliseconds handshake_within{5000};
};

class HttpServer {
public:
    using Serve = std::function<Awaitable<HttpResponse>(HttpRequest)>;
    /// Clients must show a certificate of the CA. A request that cannot be read is answered with
    /// 400, 413 or 431 and {"error":{"code","message"}}. Errors: `refused`, naming the address and
    /// why (port in use …). The executor is a strand or a context with one thread; destroy the
    /// server before the context.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(asio::any_io_executor executor,
                                                                    HostPort at, TlsFiles files,
                                                                    Serve serve,
                                                                    HttpLimits limits = {});
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual void close() = 0;
    virtual ~HttpServer() = default;
};

/// One request on a connection of its own. `query` is encoded by this function. The peer must be
/// a controller. Errors: `unreachable`, `refused` (handshake), `timeout`, `corrupt`.
[[nodiscard]] Awaitable<Result<HttpResponse>> http_call(HostPort to, TlsFiles files,
                                                        HttpRequest request, Deadline deadline);

} // namespace lockstep
