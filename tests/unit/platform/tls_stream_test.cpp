#include "platform/tls_stream.h"

#include <gtest/gtest.h>

#include "platform/tls_connection.h"
#include "platform/tls_listener.h"
#include "tests/unit/platform/tls_house.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using Stream = std::shared_ptr<FrameStream>;
using Dialled = Result<Stream>;

constexpr std::size_t largest_frame = 1U << 20U;

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

Awaitable<void> echo(Stream stream) {
    while (true) {
        const auto deadline = Deadline::in(5s);
        auto frame = co_await stream->read_frame(deadline);
        if (!frame) {
            co_return;
        }
        std::string answer = std::move(*frame);
        const auto written = co_await stream->write_frame(std::move(answer), deadline);
        if (!written) {
            co_return;
        }
    }
}

// A controller that answers each frame with itself, and remembers who came and what went wrong.
class TlsStream : public testing::Test {
protected:
    void serve(const std::string& identity = "controller", std::size_t most_connections = 8) {
        server_ = must(FrameServer::listen(
            context_.get_executor(), {"127.0.0.1", 0}, house_.files(identity), largest_frame,
            most_connections,
            [this](Stream stream) {
                came_.push_back(stream->peer());
                return serve_(std::move(stream));
            },
            [this](const std::string& address, const std::string& reason) {
                troubles_.push_back(address + " " + reason);
            }));
    }
    HostPort server() { return {"127.0.0.1", server_->port()}; }
    Dialled dial_with(TlsFiles files, const std::string& fingerprint = {}) {
        return run_until_done(context_, dial(server(), std::move(files), fingerprint,
                                             Deadline::in(5s), largest_frame));
    }
    Result<std::string> read(const Stream& stream, std::chrono::milliseconds span = 5s) {
        return run_until_done(context_, stream->read_frame(Deadline::in(span)));
    }
    Result<std::string> echoed(const Stream& stream, const std::string& frame) {
        const auto written = run_until_done(context_, stream->write_frame(frame, Deadline::in(5s)));
        return written ? read(stream) : tl::unexpected(written.error());
    }
    // Bytes as no honest client sends them.
    std::shared_ptr<TlsConnection> raw(const std::string& bytes) {
        auto context = must(client_context(house_.files("a"), {}));
        auto connection = must(run_until_done(
            context_, TlsConnection::dial(server(), std::move(context), Deadline::in(5s))));
        must(run_until_done(context_, connection->write_all(bytes, Deadline::in(5s))).map([] {
            return true;
        }));
        return connection;
    }
    // What the server's next read_frame says.
    Result<std::string> server_reads(const std::string& bytes, bool then_closes = false) {
        std::optional<Result<std::string>> outcome;
        serve_ = [&](Stream stream) { return read_once(std::move(stream), outcome); };
        serve();
        const auto connection = raw(bytes);
        if (then_closes) {
            connection->close();
        }
        return await_value(outcome);
    }
    static Awaitable<void> read_once(Stream stream, std::optional<Result<std::string>>& outcome) {
        const auto deadline = Deadline::in(5s);
        outcome = co_await stream->read_frame(deadline);
    }
    template <class T> T await_value(const std::optional<T>& value) {
        const auto give_up = Deadline::in(10s);
        context_.restart();
        while (!value && !give_up.passed()) {
            context_.run_one_for(100ms);
        }
        return value.value();
    }
    std::string await_trouble() {
        const auto give_up = Deadline::in(10s);
        context_.restart();
        while (troubles_.empty() && !give_up.passed()) {
            context_.run_one_for(100ms);
        }
        return troubles_.empty() ? "no trouble" : troubles_.front();
    }

    TlsHouse house_;
    asio::io_context context_;
    FrameServer::Serve serve_ = echo;
    std::unique_ptr<FrameServer> server_;
    std::vector<std::optional<PeerIdentity>> came_;
    std::vector<std::string> troubles_;
};

TEST_F(TlsStream, TellsEachSideWhoTheOtherIs) {
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    ASSERT_TRUE(stream->peer());
    EXPECT_EQ(stream->peer()->name, "controller");
    EXPECT_EQ(stream->peer()->use, "controller");
    EXPECT_EQ(stream->peer()->key_fingerprint, must(key_fingerprint(house_.pem("controller"))));
    EXPECT_EQ(must(echoed(stream, "hello")), "hello");
    ASSERT_EQ(came_.size(), 1U);
    ASSERT_TRUE(came_[0]);
    EXPECT_EQ(came_[0]->name, "a");
    EXPECT_EQ(came_[0]->use, "agent");
    EXPECT_EQ(came_[0]->key_fingerprint, must(key_fingerprint(house_.pem("a"))));
    EXPECT_TRUE(has(stream->remote_address(), "127.0.0.1:")) << stream->remote_address();
}

TEST_F(TlsStream, CarriesFramesUpToTheLimit) {
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    for (const std::size_t size : {std::size_t{1}, std::size_t{70000}, largest_frame}) {
        const std::string frame(size, 'x');
        EXPECT_EQ(must(echoed(stream, frame)), frame);
    }
}

TEST_F(TlsStream, RefusesToSendAFrameThatIsEmptyOrOverTheLimit) {
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    EXPECT_EQ(echoed(stream, "").error().code, Errc::refused);
    EXPECT_EQ(echoed(stream, std::string(largest_frame + 1, 'x')).error().code, Errc::refused);
    EXPECT_EQ(must(echoed(stream, "still usable")), "still usable");
}

TEST_F(TlsStream, LetsAClientWithoutACertificateInAsNobody) {
    serve();
    const auto stream = must(dial_with(house_.only_ca()));
    EXPECT_EQ(must(echoed(stream, "join me")), "join me");
    ASSERT_EQ(came_.size(), 1U);
    EXPECT_FALSE(came_[0]);
}

TEST_F(TlsStream, RefusesAClientOfAnotherAuthorityAndTellsBothSides) {
    serve();
    const TlsHouse other;
    TlsFiles stranger = other.files("a");
    stranger.ca = house_.files("a").ca;
    const auto stream = must(dial_with(stranger)); // TLS 1.3: the client learns of it later.
    const auto refused = read(stream);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "refused our certificate: unknown ca"))
        << refused.error().message;
    EXPECT_TRUE(came_.empty());
    const std::string trouble = await_trouble();
    EXPECT_TRUE(has(trouble, "127.0.0.1:")) << trouble;
    EXPECT_TRUE(has(trouble, "certificate is not accepted")) << trouble;
}

TEST_F(TlsStream, RefusesAServerOfAnotherAuthority) {
    serve();
    const TlsHouse other;
    const auto refused = dial_with(other.files("a"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "127.0.0.1:")) << refused.error().message;
    EXPECT_TRUE(has(refused.error().message, "certificate")) << refused.error().message;
    EXPECT_TRUE(has(await_trouble(), "unknown ca")) << await_trouble();
}

TEST_F(TlsStream, RefusesAServerWhoseCertificateHasExpired) {
    house_.add("old", CertificateUse::controller, {"127.0.0.1"}, -1);
    serve("old");
    const auto refused = dial_with(house_.files("a"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "has expired")) << refused.error().message;
}

TEST_F(TlsStream, RefusesAClientWhoseCertificateHasExpired) {
    house_.add("a", CertificateUse::agent, {}, -1);
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    const auto refused = read(stream);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, "expired")) << refused.error().message;
    EXPECT_TRUE(has(await_trouble(), "has expired")) << await_trouble();
}

TEST_F(TlsStream, RefusesAServerThatIsNoController) {
    house_.add("b", CertificateUse::agent, {"127.0.0.1"});
    serve("b");
    const auto refused = dial_with(house_.files("a"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "that of agent \"b\", not that of a controller"))
        << refused.error().message;
}

TEST_F(TlsStream, RefusesAControllerWhoseCertificateDoesNotNameTheDialledAddress) {
    house_.add("elsewhere", CertificateUse::controller, {"10.1.2.3"});
    serve("elsewhere");
    const auto refused = dial_with(house_.files("a"));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, "IP address mismatch")) << refused.error().message;
}

TEST_F(TlsStream, JoinsByTheFingerprintOfTheAuthority) {
    serve();
    const auto ca = must(fingerprint(house_.authority().certificate_pem));
    const auto stream = must(dial_with(TlsFiles{}, ca));
    EXPECT_EQ(must(echoed(stream, "join me")), "join me");
    EXPECT_EQ(stream->peer()->use, "controller");
}

TEST_F(TlsStream, DoesNotJoinAnotherAuthority) {
    serve();
    const auto refused = dial_with(TlsFiles{}, std::string(64, '0'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "join token")) << refused.error().message;
}

TEST_F(TlsStream, DoesNotJoinACertificateThatOnlyShowsTheRightAuthority) {
    // Someone else's key and certificate, with our public authority behind it.
    const TlsHouse other;
    TlsFiles impostor = other.files("controller");
    impostor.ca = house_.files("a").ca;
    server_ =
        must(FrameServer::listen(context_.get_executor(), {"127.0.0.1", 0}, impostor, largest_frame,
                                 8, echo, [](const std::string&, const std::string&) {}));
    const auto ca = must(fingerprint(house_.authority().certificate_pem));
    const auto refused = dial_with(TlsFiles{}, ca);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "not accepted")) << refused.error().message;
}

TEST_F(TlsStream, JoinsNoAgentThatPosesAsAController) {
    house_.add("b", CertificateUse::agent, {"127.0.0.1"});
    serve("b");
    const auto ca = must(fingerprint(house_.authority().certificate_pem));
    EXPECT_EQ(dial_with(TlsFiles{}, ca).error().code, Errc::refused);
}

TEST_F(TlsStream, TellsOfAnOversizedFrameBeforeItsBytesArrive) {
    const auto read = server_reads(std::string("\x7f\xff\xff\xff", 4));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_TRUE(has(read.error().message, "2147483647 bytes; the limit is 1048576"))
        << read.error().message;
}

TEST_F(TlsStream, TellsOfAFrameOneByteOverTheLimit) {
    const auto read = server_reads(std::string("\x00\x10\x00\x01", 4));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::corrupt);
}

TEST_F(TlsStream, TellsOfAnEmptyFrame) {
    const auto read = server_reads(std::string(4, '\0'));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_TRUE(has(read.error().message, "empty frame")) << read.error().message;
}

TEST_F(TlsStream, TellsOfATruncatedFrame) {
    const auto read = server_reads(std::string("\x00\x00\x00\x0a"
                                               "abc",
                                               7),
                                   true);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::unreachable);
    EXPECT_TRUE(has(read.error().message, "after 3 of 10 bytes")) << read.error().message;
}

TEST_F(TlsStream, TellsOfATruncatedLength) {
    const auto read = server_reads(std::string("\x00\x00", 2), true);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::unreachable);
    EXPECT_TRUE(has(read.error().message, "frame's length, after 2 of 4")) << read.error().message;
}

TEST_F(TlsStream, GivesASilentPeerUpAtTheDeadlineAndCloses) {
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    const auto before = std::chrono::steady_clock::now();
    const auto late = read(stream, 100ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::timeout);
    EXPECT_TRUE(has(late.error().message, "127.0.0.1:")) << late.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
    EXPECT_EQ(read(stream).error().code, Errc::unreachable);
}

TEST_F(TlsStream, GivesAPeerThatReadsNothingUpAtTheDeadline) {
    serve_ = [](Stream) { return pause_for(10s); };
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    Result<void> written;
    for (int i = 0; written && i < 100; ++i) { // More than the kernel's buffers take.
        const std::string frame(largest_frame, 'x');
        written = run_until_done(context_, stream->write_frame(frame, Deadline::in(200ms)));
    }
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::timeout);
}

TEST_F(TlsStream, EndsAWaitingReadWhenItIsClosed) {
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    asio::post(context_, [stream] { stream->close(); });
    const auto closed = read(stream);
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code, Errc::unreachable);
}

TEST_F(TlsStream, DeliversTheLastFrameOfAServerThatEnds) {
    serve_ = [](Stream stream) -> Awaitable<void> {
        const auto deadline = Deadline::in(5s);
        std::string farewell = "you are refused";
        (void)co_await stream->write_frame(std::move(farewell), deadline);
    };
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    const std::string unread(largest_frame / 2, 'x'); // Without a polite end: a reset.
    (void)run_until_done(context_, stream->write_frame(unread, Deadline::in(5s)));
    EXPECT_EQ(must(read(stream)), "you are refused");
    EXPECT_EQ(read(stream).error().code, Errc::unreachable);
}

TEST_F(TlsStream, TurnsAwayWhatIsOverTheLimitOfConnectionsAndServesTheRest) {
    serve("controller", 3);
    std::vector<Stream> open;
    for (int i = 0; i < 3; ++i) {
        open.push_back(must(dial_with(house_.files("a"))));
        EXPECT_EQ(must(echoed(open.back(), "hello")), "hello");
    }
    EXPECT_EQ(dial_with(house_.files("a")).error().code, Errc::unreachable);
    EXPECT_EQ(dial_with(house_.files("a")).error().code, Errc::unreachable);
    EXPECT_EQ(troubles_.size(), 1U) << "a rush must not fill the log";
    EXPECT_TRUE(has(await_trouble(), "3 connections are open")) << await_trouble();
    open[0]->close();
    Dialled again = fail(Errc::unreachable, "not tried");
    for (int i = 0; !again && i < 100; ++i) { // Until the server has seen the end.
        again = dial_with(house_.files("a"));
    }
    EXPECT_EQ(must(echoed(must(again), "hello")), "hello");
}

TEST_F(TlsStream, ClosesAllConnectionsWithTheServer) {
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    EXPECT_EQ(must(echoed(stream, "hello")), "hello");
    server_->close();
    EXPECT_EQ(read(stream).error().code, Errc::unreachable);
    EXPECT_EQ(dial_with(house_.files("a")).error().code, Errc::unreachable);
}

TEST_F(TlsStream, OutlivesABugInOneConnectionsCode) {
    serve_ = [](Stream) -> Awaitable<void> {
        throw std::runtime_error("oops");
        co_return;
    };
    serve();
    const auto stream = must(dial_with(house_.files("a")));
    EXPECT_EQ(read(stream).error().code, Errc::unreachable);
    EXPECT_TRUE(has(await_trouble(), "bug while serving: oops")) << await_trouble();
    serve_ = echo;
    EXPECT_EQ(must(echoed(must(dial_with(house_.files("a"))), "hello")), "hello");
}

TEST_F(TlsStream, GivesAClientThatShakesNoHandsUp) {
    auto context = must(server_context(house_.files("controller"), ClientCertificate::asked_for));
    std::vector<std::string> troubles;
    TlsListener::Options options;
    options.handshake_within = 100ms;
    const auto listener = must(TlsListener::listen(
        context_.get_executor(), {"127.0.0.1", 0}, context, options,
        [](const std::shared_ptr<TlsConnection>&) { return pause_for(0ms); },
        [&](const std::string&, const std::string& reason) { troubles.push_back(reason); }));
    asio::ip::tcp::socket silent(context_);
    silent.connect({asio::ip::make_address("127.0.0.1"), listener->port()});
    const auto give_up = Deadline::in(5s);
    while (troubles.empty() && !give_up.passed()) {
        context_.run_one_for(100ms);
    }
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_TRUE(has(troubles[0], "handshake")) << troubles[0];
    EXPECT_TRUE(has(troubles[0], "no answer before the deadline")) << troubles[0];
    listener->close();
}

TEST_F(TlsStream, TellsOfAClientThatSpeaksNoTls) {
    serve();
    asio::ip::tcp::socket socket(context_);
    socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
    asio::write(socket, asio::buffer(std::string("GET / HTTP/1.0\r\n\r\n")));
    EXPECT_TRUE(has(await_trouble(), "127.0.0.1:")) << await_trouble();
    EXPECT_TRUE(came_.empty());
}

TEST_F(TlsStream, SaysWhichPortIsInUse) {
    serve();
    const auto refused =
        FrameServer::listen(context_.get_executor(), server(), house_.files("controller"),
                            largest_frame, 8, echo, [](const std::string&, const std::string&) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message,
                    "cannot listen on 127.0.0.1:" + std::to_string(server_->port()) +
                        ": Address already in use; another process listens there"))
        << refused.error().message;
}

TEST_F(TlsStream, SaysWhichAddressTheMachineDoesNotHave) {
    const auto refused =
        FrameServer::listen(context_.get_executor(), {"192.0.2.1", 0}, house_.files("controller"),
                            largest_frame, 8, echo, [](const std::string&, const std::string&) {});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().message, "192.0.2.1")) << refused.error().message;
    EXPECT_TRUE(has(refused.error().message, "no such address")) << refused.error().message;
}

TEST_F(TlsStream, SaysThatNobodyListens) {
    serve();
    const HostPort to = server();
    server_->close();
    const auto nobody =
        run_until_done(context_, dial(to, house_.files("a"), {}, Deadline::in(5s), largest_frame));
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code, Errc::unreachable);
    EXPECT_TRUE(has(nobody.error().message, "Connection refused")) << nobody.error().message;
}

TEST_F(TlsStream, NamesTheFileThatIsMissingOrBroken) {
    serve();
    TlsFiles missing = house_.files("a");
    missing.key = house_.folder() / "nowhere.key";
    EXPECT_TRUE(has(dial_with(missing).error().message, "nowhere.key"));
    house_.write("broken.pem", "-----BEGIN NONSENSE-----");
    TlsFiles broken = house_.files("a");
    broken.certificate = house_.folder() / "broken.pem";
    EXPECT_TRUE(has(dial_with(broken).error().message, "broken.pem"));
    broken = house_.files("a");
    broken.ca = house_.folder() / "broken.pem";
    EXPECT_TRUE(has(dial_with(broken).error().message, "broken.pem"));
}

TEST_F(TlsStream, RefusesAKeyThatBelongsToAnotherCertificateAndShowsNoKey) {
    serve();
    TlsFiles mixed = house_.files("a");
    mixed.key = house_.files("otto").key;
    const auto refused = dial_with(mixed);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_TRUE(has(refused.error().message, "otto.key")) << refused.error().message;
    EXPECT_FALSE(has(refused.error().message, "BEGIN")) << refused.error().message;
}

} // namespace
} // namespace lockstep
