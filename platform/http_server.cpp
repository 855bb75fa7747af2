#include "platform/http.h"

#include <array>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>

#include "platform/log.h"
#include "platform/tls_listener.h"
#include "platform/url.h"

// Beast is used as a parser of bytes only: its asynchronous operations cost minutes to compile.
namespace lockstep {

namespace {

namespace http = boost::beast::http;

using Parser = http::request_parser<http::string_body>;

constexpr std::uint32_t largest_header_bytes = 16U << 10U;
constexpr std::size_t read_bytes = 16U << 10U;
constexpr std::chrono::seconds response_within{10};

HttpResponse error_response(int status, std::string_view code, const std::string& message) {
    const nlohmann::json body = {{"error", {{"code", code}, {"message", message}}}};
    // A message may quote what a client sent: never fail over bytes that are not UTF-8.
    constexpr auto replace = nlohmann::json::error_handler_t::replace;
    return HttpResponse{status, body.dump(-1, ' ', false, replace)};
}

std::string to_bytes(const HttpResponse& response, bool keep_alive) {
    const std::string status = std::to_string(response.status);
    const auto reason =
        http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
    return "HTTP/1.1 " + status + " " + std::string(reason) +
           "\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(response.body.size()) +
           "\r\nConnection: " + (keep_alive ? "keep-alive" : "close") + "\r\n\r\n" + response.body;
}

HttpResponse unreadable(const error_code& failure) {
    if (failure == http::error::body_limit) {
        return error_response(413, "refused", "the request's body is too large");
    }
    if (failure == http::error::header_limit) {
        return error_response(431, "refused", "the request's header is too large");
    }
    return error_response(400, "refused", "not an HTTP request: " + failure.message());
}

// One client's requests, one after the other.
class HttpConnection {
public:
    HttpConnection(std::shared_ptr<TlsConnection> connection, HttpServer::Serve serve,
                   HttpLimits limits)
        : connection_(std::move(connection)), serve_(std::move(serve)), limits_(limits) {}

    Awaitable<void> run();

private:
    enum class Next { another_request, end };

    Awaitable<Next> one_request();
    /// Empty: the client is gone or too slow, and nobody waits for an answer.
    Awaitable<std::optional<error_code>> read_request(Parser& parser);
    error_code parse_pending(Parser& parser);
    Awaitable<HttpResponse> answer(Parser& parser);
    Awaitable<Next> respond(HttpResponse response, Next next);

    std::shared_ptr<TlsConnection> connection_;
    HttpServer::Serve serve_;
    HttpLimits limits_;
    std::string pending_; // Read, but not parsed yet: also the next request's begin.
};

Awaitable<void> HttpConnection::run() {
    Next next = Next::another_request;
    while (next == Next::another_request) {
        next = co_await one_request();
    }
}

Awaitable<HttpConnection::Next> HttpConnection::one_request() {
    Parser parser;
    parser.eager(true);
    parser.header_limit(largest_header_bytes);
    parser.body_limit(limits_.largest_body_bytes);
    const auto failure = co_await read_request(parser);
    if (!failure) {
        co_return Next::end;
    }
    if (*failure) {
        HttpResponse response = unreadable(*failure);
        auto next = co_await respond(std::move(response), Next::end);
        co_return next;
    }
    HttpResponse response = co_await answer(parser);
    const Next after = parser.get().keep_alive() ? Next::another_request : Next::end;
    auto next = co_await respond(std::move(response), after);
    co_return next;
}

Awaitable<std::optional<error_code>> HttpConnection::read_request(Parser& parser) {
    const auto deadline = Deadline::in(limits_.request_within);
    std::array<char, read_bytes> buffer{};
    const std::span<char> into(buffer);
    bool continued = false;
    error_code failure = parse_pending(parser);
    while (!failure && !parser.is_done()) {
        const bool asks =
            parser.is_header_done() && parser.get()[http::field::expect] == "100-continue";
        if (asks && !std::exchange(continued, true)) {
            std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const auto told = co_await connection_->write_all(std::move(go_on), deadline);
            if (!told) {
                co_return std::nullopt;
            }
        }
        const auto count = co_await connection_->read_some(into, deadline);
        if (!count) {
            co_return std::nullopt;
        }
        pending_.append(buffer.data(), *count);
        failure = parse_pending(parser);
    }
    co_return failure;
}

error_code HttpConnection::parse_pending(Parser& parser) {
    error_code failure;
    while (!pending_.empty() && !parser.is_done() && !failure) {
        const std::size_t used = parser.put(asio::buffer(pending_), failure);
        pending_.erase(0, used);
    }
    return failure == http::error::need_more ? error_code{} : failure;
}

Awaitable<HttpResponse> HttpConnection::answer(Parser& parser) {
    const auto target = parse_target(std::string_view(parser.get().target()));
    if (!target) {
        co_return error_response(400, "refused", target.error().message);
    }
    HttpRequest request;
    request.method = std::string(parser.get().method_string());
    request.path = target->path;
    request.query = target->query;
    request.body = std::move(parser.get().body());
    request.peer = *connection_->peer(); // The listener demands a certificate.
    std::string bug;
    try {
        auto response = co_await serve_(std::move(request));
        co_return response;
    } catch (const std::exception& error) {
        bug = error.what();
    }
    spdlog::error("API: bug while serving {} {}: {}", std::string(parser.get().method_string()),
                  target->path, bug);
    co_return error_response(500, "internal", "a bug in the controller: " + bug);
}

Awaitable<HttpConnection::Next> HttpConnection::respond(HttpResponse response, Next next) {
    std::string bytes = to_bytes(response, next == Next::another_request);
    const auto deadline = Deadline::in(response_within);
    const auto written = co_await connection_->write_all(std::move(bytes), deadline);
    co_return written ? next : Next::end;
}

Awaitable<void> serve_http(HttpServer::Serve serve, HttpLimits limits,
                           std::shared_ptr<TlsConnection> connection) {
    HttpConnection served(std::move(connection), std::move(serve), limits);
    co_await served.run();
}

class TlsHttpServer final : public HttpServer {
public:
    explicit TlsHttpServer(std::shared_ptr<TlsListener> listener)
        : listener_(std::move(listener)) {}
    TlsHttpServer(const TlsHttpServer&) = delete;
    TlsHttpServer& operator=(const TlsHttpServer&) = delete;
    ~TlsHttpServer() override { listener_->close(); }
    std::uint16_t port() const override { return listener_->port(); }
    void close() override { listener_->close(); }

private:
    std::shared_ptr<TlsListener> listener_;
};

} // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::any_io_executor executor, HostPort at,
                                                       TlsFiles files, Serve serve,
                                                       HttpLimits limits) {
    auto context = server_context(files, ClientCertificate::demanded);
    if (!context) {
        return tl::unexpected(context.error());
    }
    TlsListener::Options options;
    options.most_connections = limits.most_connections;
    options.handshake_within = limits.handshake_within;
    auto serve_one = [serve = std::move(serve), limits](std::shared_ptr<TlsConnection> connection) {
        return serve_http(serve, limits, std::move(connection));
    };
    auto on_trouble = [](const std::string& address, const std::string& reason) {
        spdlog::warn("API: {}: {}", address, reason);
    };
    auto listener = TlsListener::listen(std::move(executor), std::move(at), std::move(*context),
                                        options, std::move(serve_one), std::move(on_trouble));
    if (!listener) {
        return tl::unexpected(listener.error());
    }
    return std::make_unique<TlsHttpServer>(std::move(*listener));
}

} // namespace lockstep
