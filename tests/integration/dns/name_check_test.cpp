#include "dns/server/services.h"
#include "tests/integration/dns/dns_world.h"

namespace lockstep::dns {
namespace {

using asio::ip::udp;
using Check = DnsWorld;

/// A server that bends every answer of a good one; with no answer it stays silent.
class BentServer {
public:
    using Bend = std::function<std::string(std::string)>;
    explicit BentServer(Bend bend)
        : socket_(context_, {asio::ip::make_address("127.0.0.55"), 0}), bend_(std::move(bend)) {
        receive();
        thread_ = std::thread([this] { context_.run(); });
    }
    ~BentServer() {
        context_.stop();
        thread_.join();
    }
    [[nodiscard]] HostPort at() const { return {"127.0.0.55", socket_.local_endpoint().port()}; }

private:
    void receive() {
        socket_.async_receive_from(
            asio::buffer(packet_), asker_, [this](error_code error, std::size_t size) {
                if (error) {
                    return;
                }
                const std::string_view query(packet_.data(), size);
                const std::string reply =
                    bend_(respond(query, small_zone(), Transport::udp).value_or(""));
                if (!reply.empty()) {
                    socket_.send_to(asio::buffer(reply), asker_);
                }
                receive();
            });
    }
    asio::io_context context_;
    udp::socket socket_;
    Bend bend_;
    std::array<char, 2048> packet_{};
    udp::endpoint asker_;
    std::thread thread_;
};

TEST_F(Check, LearnsWhatTheServerAnswers) {
    start();
    const auto answer = ask(at());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->primary_address, "10.77.0.11");
    EXPECT_EQ(answer->read_only_address, "10.77.0.12");
    EXPECT_EQ(answer->epoch, Epoch{3});
    EXPECT_EQ(answer->revision, Revision{17});
    EXPECT_EQ(answer->ttl_seconds, 2U);
    EXPECT_TRUE(publication(shop(), {{"ns-a", answer}}).published);
}

TEST_F(Check, AsksForIpv6WhereThereIsNoIpv4) {
    ZoneView mixed = small_zone();
    mixed.zone.endpoints.front().primary_address = "2001:db8::11";
    start(mixed);
    const auto answer = ask(at());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->primary_address, "2001:db8::11");
    EXPECT_EQ(answer->read_only_address, "10.77.0.12");
}

TEST_F(Check, AsksServersAtIpv6Addresses) {
    start(small_zone(), "::1");
    const auto answer = ask({"::1", server->port()});
    ASSERT_TRUE(answer) << answer.error().message;
}

TEST_F(Check, NamesServfailAndNxdomainAndTheServer) {
    ZoneView silent = small_zone();
    silent.vouched.clear();
    start(silent);
    const auto failed = ask(at());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::refused);
    EXPECT_EQ(failed.error().message, "name server 127.0.0.53:" + std::to_string(server->port()) +
                                          ": answers SERVFAIL for shop.db.example.test");
    const auto unknown = ask(at(), "nobody");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Errc::refused);
    EXPECT_NE(unknown.error().message.find("NXDOMAIN"), std::string::npos);
}

TEST_F(Check, NamesRefusedForAZoneThatIsNotServed) {
    ZoneView other = small_zone();
    other.zone.name = "other.test";
    start(other);
    const auto answer = ask(at());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::refused);
    EXPECT_NE(answer.error().message.find("REFUSED"), std::string::npos);
}

TEST_F(Check, FindsAServerThatIsDownUnreachable) {
    start();
    const HostPort where = at();
    server.reset();
    // The port is free once the loop has closed it.
    asio::post(context, asio::use_future).get();
    const auto answer = ask(where);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unreachable) << answer.error().message;
}

TEST_F(Check, GivesUpOnASilentServerAtTheDeadline) {
    const BentServer silent([](const std::string&) { return ""; });
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = ask(silent.at(), "shop", std::chrono::milliseconds(300));
    const auto waited = std::chrono::steady_clock::now() - begun;
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timeout) << answer.error().message;
    EXPECT_GE(waited, std::chrono::milliseconds(290));
    EXPECT_LT(waited, std::chrono::seconds(10));
}

TEST_F(Check, EndsAtOnceWhenTheDeadlineHasPassed) {
    start();
    const auto answer = ask(at(), "shop", std::chrono::milliseconds(0));
    EXPECT_TRUE(answer || answer.error().code == Errc::timeout);
}

TEST_F(Check, RefusesAnAnswerThatIsNotAuthoritative) {
    const BentServer cache([](std::string reply) {
        reply[2] = static_cast<char>(static_cast<unsigned char>(reply[2]) & ~0x04U);
        return reply;
    });
    const auto answer = ask(cache.at());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::refused);
    EXPECT_NE(answer.error().message.find("not authoritative"), std::string::npos);
}

TEST_F(Check, FindsAnAnswerThatDoesNotParseCorrupt) {
    const BentServer broken([](std::string reply) {
        reply.resize(reply.size() - 2);
        return reply;
    });
    const auto answer = ask(broken.at(), "shop", std::chrono::milliseconds(500));
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().code == Errc::corrupt || answer.error().code == Errc::timeout)
        << answer.error().message; // Later versions of c-ares drop such a reply themselves.
}

TEST_F(Check, ComesAgainByTcpWhenTheAnswerWasTruncated) {
    const BentServer cutting([](std::string reply) {
        reply[2] = static_cast<char>(static_cast<unsigned char>(reply[2]) | 0x02U);
        return reply;
    });
    EXPECT_FALSE(ask(cutting.at())) << "nobody answers by TCP";
    const asio::ip::tcp::endpoint same_port(asio::ip::make_address(cutting.at().address),
                                            cutting.at().port);
    const auto by_tcp = TcpService::start(asio::ip::tcp::acceptor(context, same_port),
                                          [](std::string_view query, Transport) {
                                              return respond(query, small_zone(), Transport::tcp);
                                          });
    const auto answer = ask(cutting.at());
    EXPECT_TRUE(answer) << answer.error().message;
    asio::post(context, [by_tcp] { by_tcp->close(); });
}

TEST_F(Check, LetsTheLoopWorkWhileItWaits) {
    start();
    const BentServer silent([](const std::string&) { return ""; });
    auto waiting = asio::co_spawn(
        context,
        check->ask(silent.at(), "db.example.test", "shop", Deadline::in(std::chrono::seconds(3))),
        asio::use_future);
    int meanwhile = 0;
    for (int question = 0; question < 50; ++question) {
        EXPECT_TRUE(ask(at()));
        const auto state = waiting.wait_for(std::chrono::seconds(0));
        meanwhile += state == std::future_status::timeout ? 1 : 0;
    }
    EXPECT_GT(meanwhile, 0);
    EXPECT_EQ(waiting.get().error().code, Errc::timeout);
}

TEST_F(Check, MayAskManyServersAtOnce) {
    start();
    std::vector<std::future<Result<NameAnswer>>> answers;
    for (int question = 0; question < 40; ++question) {
        auto work =
            check->ask(at(), "db.example.test", "shop", Deadline::in(std::chrono::seconds(20)));
        answers.push_back(asio::co_spawn(context, std::move(work), asio::use_future));
    }
    for (auto& answer : answers) {
        const auto found = answer.get();
        EXPECT_TRUE(found) << found.error().message;
    }
}

Awaitable<bool> deadline_wins(NameCheck& check, HostPort server) {
    using namespace asio::experimental::awaitable_operators;
    const std::string zone = "db.example.test";
    const PairName pair = "shop";
    auto asking = check.ask(server, zone, pair, Deadline::in(std::chrono::seconds(30)));
    auto ending = until(Deadline::in(std::chrono::milliseconds(100)));
    const auto first = co_await (std::move(asking) || std::move(ending));
    co_return first.index() == 1;
}

TEST_F(Check, CanBeCancelled) {
    const BentServer silent([](const std::string&) { return ""; });
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(
        asio::co_spawn(context, deadline_wins(*check, silent.at()), asio::use_future).get());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

} // namespace
} // namespace lockstep::dns
