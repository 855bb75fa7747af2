#include "dns/rfc2136/message.h"
#include "dns/rfc2136/tcp_exchange.h"
#include "tests/support/dns_bed.h"

// Updates of real servers, where something is wrong.
namespace lockstep::dns {
namespace {

using Kind = DnsBed::Server::Kind;
using testbed::UpdateKey;

class Rfc2136 : public testing::TestWithParam<Kind> {
protected:
    void SetUp() override { server_.start(); }

    [[nodiscard]] Result<void> publish(const Endpoint& wanted, const UpdateKey& key = {}) {
        const auto publisher = bed_.publisher(key);
        return bed_.wait(publisher->publish(wanted, soon()));
    }
    /// What is said to a publication that must be refused with nothing changed.
    [[nodiscard]] std::string refusal(const UpdateKey& key) {
        const auto done = publish(shop(9, 99, "10.77.0.99"), key);
        EXPECT_FALSE(done);
        EXPECT_EQ(server_.answer("shop.db.example.test", "A"), "10.77.0.11\n");
        if (done) {
            return "";
        }
        EXPECT_EQ(done.error().code, Errc::refused) << done.error().message;
        EXPECT_EQ(done.error().message.find(key.secret), std::string::npos);
        EXPECT_EQ(done.error().message.find("127.77.53.1:5353: "), 0U) << done.error().message;
        return done.error().message;
    }
    DnsBed bed_;
    DnsBed::Server server_{GetParam(), bed_.primary_plan()};
};

TEST_P(Rfc2136, SaysWhatIsWrongWithAWrongKeyAndChangesNothing) {
    ASSERT_TRUE(publish(shop()));
    const auto secret = refusal({.secret = "YW5vdGhlci1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg=="});
    EXPECT_NE(secret.find("another secret"), std::string::npos) << secret;
    const auto name = refusal({.name = "nobody"});
    EXPECT_NE(name.find("does not know key \"nobody\""), std::string::npos) << name;
    const auto algorithm = refusal({.algorithm = "hmac-sha512"});
    EXPECT_NE(algorithm.find("hmac-sha512"), std::string::npos) << algorithm;
}

TEST_P(Rfc2136, IsRefusedForAZoneThatTheServerDoesNotHave) {
    auto settings = DnsBed::settings();
    settings.zone = "other.test";
    const auto publisher = make_rfc2136_publisher(bed_.context.get_executor(), settings);
    const auto done = bed_.wait(publisher->publish(shop(), soon()));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::refused);
    EXPECT_FALSE(bed_.wait(publisher->servers(soon())));
}

TEST_P(Rfc2136, TakesNoNameThatLeadsElsewhereOrHasOtherTexts) {
    for (const auto* taken : {"alias", "noted"}) {
        auto wanted = shop();
        wanted.pair = taken;
        const auto done = publish(wanted);
        ASSERT_FALSE(done) << taken;
        EXPECT_EQ(done.error().code, Errc::refused);
        EXPECT_NE(done.error().message.find(taken), std::string::npos) << done.error().message;
        EXPECT_EQ(server_.answer("alias-ro.db.example.test", "A"), "");
    }
}

TEST_P(Rfc2136, IsUnreachableWhileTheServerIsDownAndTakesUpAgainWhenItIsBack) {
    ASSERT_TRUE(publish(shop()));
    server_.stop();
    const auto down = publish(shop(4, 20, "10.77.0.12"));
    ASSERT_FALSE(down);
    EXPECT_EQ(down.error().code, Errc::unreachable) << down.error().message;
    server_.start();
    const auto up = publish(shop(4, 20, "10.77.0.12"));
    EXPECT_TRUE(up) << up.error().message;
    EXPECT_EQ(server_.answer("shop.db.example.test", "A"), "10.77.0.12\n");
}

/// What a publication that was planned early sends late.
Awaitable<Result<void>> send_late(Update update, Rfc2136Settings settings) {
    const auto message = encode_update(update, settings.key);
    const auto server = settings.server;
    const auto bytes = message->bytes;
    const auto deadline = soon();
    const auto reply =
        co_await exchange_by_tcp(server, bytes, largest_update_reply_bytes, deadline);
    if (!reply) {
        co_return tl::unexpected(reply.error());
    }
    co_return read_update_reply(*reply, *message, settings.zone, settings.key);
}

TEST_P(Rfc2136, DoesNotLetAnOlderPublicationThatArrivesLateOverwriteANewerOne) {
    const auto settings = DnsBed::settings();
    const auto first = plan_publication(settings.zone, shop(1, 5, "10.77.0.5"), {});
    ASSERT_TRUE(publish(shop(2, 6, "10.77.0.6")));
    const auto into_a_used_name = bed_.wait(send_late(first.update, settings));
    ASSERT_FALSE(into_a_used_name);
    EXPECT_EQ(into_a_used_name.error().code, Errc::conflict);
    const std::string name = "shop.db.example.test";
    const auto second = plan_publication(settings.zone, shop(3, 7, "10.77.0.7"),
                                         {{name, RecordType::txt, 2, "\"epoch=2 revision=6\""}});
    ASSERT_TRUE(publish(shop(4, 8, "10.77.0.8")));
    const auto over_a_newer_one = bed_.wait(send_late(second.update, settings));
    ASSERT_FALSE(over_a_newer_one);
    EXPECT_EQ(over_a_newer_one.error().code, Errc::conflict) << over_a_newer_one.error().message;
    EXPECT_EQ(server_.answer(name, "A"), "10.77.0.8\n");
    EXPECT_EQ(server_.answer(name, "TXT"), "\"epoch=4 revision=8\"\n");
}

TEST_P(Rfc2136, GivesUpAtTheDeadlineOnAServerThatDoesNotAnswer) {
    asio::io_context mine; // Accepts connections by its backlog, and says nothing.
    const asio::ip::tcp::acceptor mute(mine, {asio::ip::make_address("127.77.53.9"), DnsBed::port});
    auto settings = DnsBed::settings();
    settings.server.address = "127.77.53.9";
    const auto publisher = make_rfc2136_publisher(bed_.context.get_executor(), settings);
    const auto done =
        bed_.wait(publisher->publish(shop(), Deadline::in(std::chrono::milliseconds(300))));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::timeout) << done.error().message;
    const auto sent = bed_.wait(exchange_by_tcp({"127.77.53.9", DnsBed::port}, "x", 100,
                                                Deadline::in(std::chrono::milliseconds(300))));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, Errc::timeout);
    EXPECT_NE(sent.error().message.find("may have been made"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Of, Rfc2136, testing::Values(Kind::bind, Kind::knot),
                         [](const auto& kind) {
                             return kind.param == Kind::bind ? "Bind" : "Knot";
                         });

/// A zone with a secondary, which hears of no change by itself.
class Rfc2136Secondary : public testing::Test {
protected:
    [[nodiscard]] DnsBed::Server::Plan primary_plan(std::map<std::string, std::string> servers) {
        auto plan = bed_.primary_plan();
        plan.name_servers = std::move(servers);
        return plan;
    }
    [[nodiscard]] Publication seen(const Endpoint& wanted) {
        const auto servers = bed_.wait(publisher_->servers(soon()));
        std::vector<Served> served;
        for (const auto& server : servers ? *servers : std::vector<AuthoritativeServer>()) {
            served.push_back({server.name, bed_.wait(check_->ask(server.at, DnsBed::zone,
                                                                 wanted.pair, soon()))});
        }
        return publication(wanted, served);
    }
    DnsBed bed_;
    std::unique_ptr<NamePublisher> publisher_ = bed_.publisher();
    std::unique_ptr<NameCheck> check_ = NameCheck::make(bed_.context.get_executor());
};

TEST_F(Rfc2136Secondary, IsFoundByNsLookupAndNamedUntilItHasCaughtUp) {
    DnsBed::Server primary(Kind::bind, primary_plan({{"ns1", DnsBed::primary_address},
                                                     {"ns2", DnsBed::secondary_address}}));
    primary.start();
    ASSERT_TRUE(bed_.wait(publisher_->publish(shop(), soon())));
    DnsBed::Server secondary(Kind::bind, bed_.secondary_plan());
    secondary.start();
    EXPECT_TRUE(seen(shop()).published);
    const auto moved = shop(4, 20, "10.77.0.12");
    ASSERT_TRUE(bed_.wait(publisher_->publish(moved, soon())));
    const auto late = seen(moved);
    EXPECT_FALSE(late.published);
    ASSERT_EQ(late.laggards.size(), 1U);
    EXPECT_EQ(late.laggards.front().server, "ns2.db.example.test");
    EXPECT_NE(late.laggards.front().reason.find("answers epoch 3"), std::string::npos);
    secondary.notify();
    const auto by = testbed::in(testbed::Milliseconds{30000});
    while (!seen(moved).published) {
        ASSERT_LT(testbed::Clock::now(), by) << secondary.log_tail();
    }
}

TEST_F(Rfc2136Secondary, OutsideTheZoneIsFoundThroughTheResolver) {
    DnsBed::Server primary(Kind::bind, primary_plan({{"ns.elsewhere.test.", ""}}));
    primary.start();
    auto plan = bed_.secondary_plan(); // A second server as the resolver that knows it.
    plan.primary = "";
    plan.zone = "elsewhere.test";
    plan.name_servers = {{"ns", DnsBed::primary_address}};
    DnsBed::Server resolver(Kind::bind, plan);
    resolver.start();
    auto settings = DnsBed::settings();
    settings.resolver = HostPort{DnsBed::secondary_address, DnsBed::port};
    const auto publisher = make_rfc2136_publisher(bed_.context.get_executor(), settings);
    const auto found = bed_.wait(publisher->servers(soon()));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().name, "ns.elsewhere.test");
    EXPECT_EQ(found->front().at.address, DnsBed::primary_address);
}

} // namespace
} // namespace lockstep::dns
