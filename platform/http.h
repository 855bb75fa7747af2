#pragma once

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

class HttpServer {
public:
    using Serve = std::function<Awaitable<HttpResponse>(HttpRequest)>;
    /// Clients must show a certificate of the CA. Bodies up to 1 MiB, 10 s for a request to
    /// arrive. Errors: `refused`, naming the address and why (port in use …).
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>>
    listen(asio::any_io_executor executor, HostPort at, TlsFiles files, Serve serve);
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual void close() = 0;
    virtual ~HttpServer() = default;
};

/// One request on a connection of its own. `query` is encoded by this function. The peer must be
/// a controller. Errors: `unreachable`, `refused` (handshake), `timeout`, `corrupt`.
[[nodiscard]] Awaitable<Result<HttpResponse>> http_call(HostPort to, TlsFiles files,
                                                        HttpRequest request, Deadline deadline);

} // namespace lockstep
