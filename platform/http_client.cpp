#include <array>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "platform/http.h"
#include "platform/tls_connection.h"
#include "platform/url.h"

// Beast is used as a parser of bytes only: its asynchronous operations cost minutes to compile.
namespace lockstep {

namespace {

namespace http = boost::beast::http;

using Parser = http::response_parser<http::string_body>;

constexpr std::size_t largest_response_bytes = 64U << 20U;
constexpr std::size_t read_bytes = 16U << 10U;

Result<std::string> to_bytes(const HttpRequest& request, const std::string& host) {
    if (http::string_to_verb(request.method) == http::verb::unknown) {
        return fail(Errc::refused, "\"" + request.method + "\" is no HTTP method");
    }
    return request.method + " " + format_target(Target{request.path, request.query}) +
           " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(request.body.size()) + "\r\nConnection: close\r\n\r\n" + request.body;
}

error_code parse(Parser& parser, std::string& pending) {
    error_code failure;
    while (!pending.empty() && !parser.is_done() && !failure) {
        const std::size_t used = parser.put(asio::buffer(pending), failure);
        pending.erase(0, used);
    }
    return failure == http::error::need_more ? error_code{} : failure;
}

Awaitable<Result<HttpResponse>> read_response(std::shared_ptr<TlsConnection> connection,
                                              Deadline deadline) {
    using Response = Result<HttpResponse>;
    Parser parser;
    parser.eager(true);
    parser.body_limit(largest_response_bytes);
    std::array<char, read_bytes> buffer{};
    const std::span<char> into(buffer);
    std::string pending;
    while (!parser.is_done()) {
        const auto count = co_await connection->read_some(into, deadline);
        if (!count) {
            co_return Response(tl::unexpected(count.error()));
        }
        pending.append(buffer.data(), *count);
        if (const error_code failure = parse(parser, pending)) {
            co_return fail(Errc::corrupt,
                           connection->remote() + ": not an HTTP response: " + failure.message());
        }
    }
    HttpResponse response;
    response.status = static_cast<int>(parser.get().result_int());
    response.body = std::move(parser.get().body());
    co_return Response(std::move(response));
}

} // namespace

Awaitable<Result<HttpResponse>> http_call(HostPort to, TlsFiles files, HttpRequest request,
                                          Deadline deadline) {
    using Response = Result<HttpResponse>;
    auto context = client_context(files, {});
    if (!context) {
        co_return Response(tl::unexpected(context.error()));
    }
    auto connection = co_await TlsConnection::dial(to, *context, deadline);
    if (!connection) {
        co_return Response(tl::unexpected(connection.error()));
    }
    auto bytes = to_bytes(request, (*connection)->remote());
    if (!bytes) {
        co_return Response(tl::unexpected(bytes.error()));
    }
    const auto written = co_await (*connection)->write_all(std::move(*bytes), deadline);
    auto response = co_await read_response(*connection, deadline);
    // A server may answer and close before it has read all. Its answer says more than our write's
    // failure; so does the alert by which it refused our certificate.
    const bool answer_says_more = response || response.error().code == Errc::refused;
    (*connection)->close();
    if (!written && !answer_says_more) {
        co_return Response(tl::unexpected(written.error()));
    }
    co_return response;
}

} // namespace lockstep
