#include "platform/http.h"

#include <gtest/gtest.h>

#include "platform/tls_connection.h"
#include "platform/url.h"
#include "tests/unit/platform/tls_house.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// An API that keeps the last request and answers with its body.
class Http : public testing::Test {
protected:
    void serve(HttpLimits limits = {}) {
        server_ = must(HttpServer::listen(
            context_.get_executor(), {"127.0.0.1", 0}, house_.files("controller"),
            [this](HttpRequest request) { return answer(std::move(request)); }, limits));
    }
    Awaitable<HttpResponse> answer(HttpRequest request) {
        ++requests_;
        last_ = std::move(request);
        if (last_.path == "/bug") {
            throw std::runtime_error("oops");
        }
        if (last_.path == "/slow") {
            co_await pause_for(3s);
        }
        co_return HttpResponse{last_.path == "/missing" ? 404 : 200, last_.body};
    }
    HostPort server() { return {"127.0.0.1", server_->port()}; }
    Result<HttpResponse> call(HttpRequest request, const std::string& who = "otto",
                              std::chrono::milliseconds span = 10s) {
        return run_until_done(context_, http_call(server(), house_.files(who), std::move(request),
                                                  Deadline::in(span)));
    }
    std::shared_ptr<TlsConnection> connect() {
        auto context = must(client_context(house_.files("otto"), {}));
        return must(run_until_done(
            context_, TlsConnection::dial(server(), std::move(context), Deadline::in(5s))));
    }
    void write(const std::shared_ptr<TlsConnection>& connection, const std::string& bytes) {
        must(run_until_done(context_, connection->write_all(bytes, Deadline::in(5s))).map([] {
            return true;
        }));
    }
    // Everything the server answers until it closes, or until `enough` was seen.
    std::string read(const std::shared_ptr<TlsConnection>& connection,
                     const std::string& enough = {}) {
        std::string text;
        while (enough.empty() || !has(text, enough)) {
            std::array<char, 4096> buffer{};
            const auto count = run_until_done(
                context_, connection->read_some(std::span<char>(buffer), Deadline::in(5s)));
            if (!count) {
                break;
            }
            text.append(buffer.data(), *count);
        }
        return text;
    }
    std::string answer_to(const std::string& bytes) {
        const auto connection = connect();
        write(connection, bytes);
        return read(connection);
    }

    TlsHouse house_;
    asio::io_context context_;
    std::unique_ptr<HttpServer> server_;
    HttpRequest last_;
    int requests_ = 0;
};

TEST_F(Http, CarriesMethodPathQueryAndBodyThereAndTheAnswerBack) {
    serve();
    HttpRequest request;
    request.method = "POST";
    request.path = "/v1/pairs/my shop";
    request.query = {{"dry_run", "true"}, {"after", "a&b=c+d/ä"}};
    request.body = R"({"name":"shop"})";
    const auto response = must(call(request));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, request.body);
    EXPECT_EQ(last_.method, "POST");
    EXPECT_EQ(last_.path, request.path);
    EXPECT_EQ(last_.query, request.query);
    EXPECT_EQ(last_.peer.name, "otto");
    EXPECT_EQ(last_.peer.use, "operator");
    EXPECT_EQ(last_.peer.key_fingerprint, must(key_fingerprint(house_.pem("otto"))));
}

TEST_F(Http, CarriesAnErrorStatusBack) {
    serve();
    EXPECT_EQ(must(call({"GET", "/missing", {}, {}, {}})).status, 404);
}

TEST_F(Http, ServesNobodyWithoutACertificate) {
    serve();
    const auto refused =
        run_until_done(context_, http_call(server(), house_.only_ca(), {"GET", "/", {}, {}, {}},
                                           Deadline::in(5s)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "certificate required")) << refused.error().message;
    EXPECT_EQ(requests_, 0);
}

TEST_F(Http, ServesNobodyOfAnotherAuthority) {
    serve();
    const TlsHouse other;
    TlsFiles stranger = other.files("otto");
    stranger.ca = house_.files("otto").ca;
    const auto refused = run_until_done(
        context_, http_call(server(), stranger, {"GET", "/", {}, {}, {}}, Deadline::in(5s)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "unknown ca")) << refused.error().message;
    EXPECT_EQ(requests_, 0);
}

TEST_F(Http, TakesABodyOfTheLimitAndRefusesALongerOne) {
    serve();
    HttpRequest request{"POST", "/", {}, std::string(1U << 20U, 'x'), {}};
    EXPECT_EQ(must(call(request)).body.size(), request.body.size());
    request.body += 'x';
    const auto response = must(call(request));
    EXPECT_EQ(response.status, 413);
    EXPECT_TRUE(has(response.body, R"({"error":{"code":"refused")")) << response.body;
    EXPECT_EQ(requests_, 1);
}

TEST_F(Http, AnswersGarbageWith400AndCloses) {
    serve();
    const std::string answer = answer_to("what is this?\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
    EXPECT_TRUE(has(answer, "Connection: close")) << answer;
    EXPECT_TRUE(has(answer, R"({"error":{"code":"refused","message":"not an HTTP request)"))
        << answer;
}

TEST_F(Http, AnswersABadTargetWith400) {
    serve();
    const std::string answer =
        answer_to("GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_TRUE(has(answer, "hexadecimal")) << answer;
}

TEST_F(Http, AnswersAnEndlessHeaderWith431) {
    serve();
    const std::string answer = answer_to("GET / HTTP/1.1\r\nX: " + std::string(40000, 'x'));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer.substr(0, 200);
}

TEST_F(Http, ServesSeveralRequestsOnOneConnection) {
    serve();
    const auto connection = connect();
    write(connection, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
                      "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo");
    const std::string answer = read(connection, "two");
    EXPECT_TRUE(has(answer, "one")) << answer;
    EXPECT_TRUE(has(answer, "Connection: keep-alive")) << answer;
    write(connection, "POST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nthree");
    EXPECT_TRUE(has(read(connection, "three"), "200 OK"));
    EXPECT_EQ(requests_, 3);
}

TEST_F(Http, ReadsAChunkedBodyAndOneThatWaitsToBeAskedFor) {
    serve();
    const auto connection = connect();
    write(connection, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nchunk\r\n2\r\ned\r\n0\r\n\r\n");
    EXPECT_TRUE(has(read(connection, "chunked"), "chunked"));
    EXPECT_EQ(last_.body, "chunked");
    write(connection, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                      "Content-Length: 6\r\n\r\n");
    EXPECT_TRUE(has(read(connection, "\r\n\r\n"), "HTTP/1.1 100 Continue"));
    write(connection, "polite");
    EXPECT_TRUE(has(read(connection, "polite"), "200 OK"));
}

TEST_F(Http, GivesARequestThatDoesNotComeUp) {
    HttpLimits limits;
    limits.request_within = 150ms;
    serve(limits);
    const auto before = std::chrono::steady_clock::now();
    const std::string answer = answer_to("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nsome");
    EXPECT_EQ(answer, "");
    EXPECT_LT(std::chrono::steady_clock::now() - before, 4s);
    EXPECT_EQ(requests_, 0);
}

TEST_F(Http, GivesAnAnswerThatDoesNotComeUpAtTheCallersDeadline) {
    serve();
    const auto late = call({"GET", "/slow", {}, {}, {}}, "otto", 200ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_TRUE(has(late.error().message, "127.0.0.1:")) << late.error().message;
}

TEST_F(Http, AnswersABugWith500AndServesOn) {
    serve();
    const auto response = must(call({"GET", "/bug", {}, {}, {}}));
    EXPECT_EQ(response.status, 500);
    EXPECT_TRUE(has(response.body, "oops")) << response.body;
    EXPECT_EQ(must(call({"GET", "/", {}, {}, {}})).status, 200);
}

TEST_F(Http, SaysThatNobodyListens) {
    serve();
    const HostPort to = server();
    server_->close();
    const auto nobody = run_until_done(
        context_, http_call(to, house_.files("otto"), {"GET", "/", {}, {}, {}}, Deadline::in(5s)));
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code, Errc::unreachable);
}

TEST_F(Http, SaysWhichPortIsInUse) {
    serve();
    const auto refused =
        HttpServer::listen(context_.get_executor(), server(), house_.files("controller"),
                           [this](HttpRequest r) { return answer(std::move(r)); });
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, std::to_string(server_->port())))
        << refused.error().message;
    EXPECT_TRUE(has(refused.error().message, "Address already in use"));
}

TEST(Target, IsDecodedAndEncodedBack) {
    const auto target = parse_target("/v1/my%20shop?a=1&b=x%26y+z&&c&a=2").value();
    EXPECT_EQ(target.path, "/v1/my shop");
    const std::map<std::string, std::string> expected{{"a", "2"}, {"b", "x&y z"}, {"c", ""}};
    EXPECT_EQ(target.query, expected);
    EXPECT_EQ(format_target(target), "/v1/my%20shop?a=2&b=x%26y%20z&c=");
    EXPECT_EQ(parse_target(format_target(target)).value().query, expected);
}

TEST(Target, IsCorruptWithoutASlashOrWithHalfAnEncoding) {
    for (const char* text : {"", "v1", "*", "/%", "/%4", "/%4g", "/%+1", "/?a=%", "/?%=b"}) {
        EXPECT_FALSE(parse_target(text)) << text;
    }
}

} // namespace
} // namespace lockstep
