#include <random>

#include "tests/integration/dns/dns_world.h"

namespace lockstep::dns {
namespace {

using asio::ip::tcp;
using asio::ip::udp;
using namespace std::string_literals;

class Server : public DnsWorld {
public:
    [[nodiscard]] std::string refusal(const HostPort& where) {
        show(small_zone());
        const auto made = NameServer::listen(context.get_executor(), {where}, current());
        EXPECT_FALSE(made);
        EXPECT_TRUE(made || made.error().code == Errc::refused);
        return made ? "" : made.error().message;
    }
    [[nodiscard]] udp::socket udp_client() {
        udp::socket socket(mine_, udp::v4());
        socket.connect({asio::ip::make_address(server_address), server->port()});
        give_up_after_20_s(socket);
        return socket;
    }
    [[nodiscard]] tcp::socket tcp_client() {
        tcp::socket socket(mine_);
        socket.connect({asio::ip::make_address(server_address), server->port()});
        give_up_after_20_s(socket);
        return socket;
    }

private:
    asio::io_context mine_; // Not the server's: these sockets block.
};

std::string framed(const std::string& message) {
    return std::string{static_cast<char>(message.size() >> 8U),
                       static_cast<char>(message.size() & 0xFFU)} +
           message;
}

/// Fewer bytes at the end of the stream, or when none came for 20 s. Not by Asio, whose blocking
/// calls do not heed a socket's time limit.
std::string receive_exactly(int socket, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const ssize_t part = recv(socket, bytes.data() + have, size - have, 0);
        if (part <= 0) {
            break;
        }
        have += static_cast<std::size_t>(part);
    }
    bytes.resize(have);
    return bytes;
}

/// One reply over TCP; empty if the server closed the connection.
std::string read_reply_of(tcp::socket& socket) {
    const std::string length = receive_exactly(socket.native_handle(), 2);
    if (length.size() < 2) {
        return "";
    }
    return receive_exactly(socket.native_handle(),
                           static_cast<std::size_t>(static_cast<unsigned char>(length[0])) << 8U |
                               static_cast<unsigned char>(length[1]));
}

std::string read_reply_of(udp::socket& socket) {
    std::string reply(4096, '\0');
    const ssize_t size = recv(socket.native_handle(), reply.data(), reply.size(), 0);
    reply.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return reply;
}

bool leads_to_the_primary(const std::string& reply, char id) {
    return reply.size() > 12 && reply[1] == id && reply.ends_with("\x0A\x4D\0\x0B"s);
}

TEST_F(Server, TellsWhichAddressItCannotHaveAndWhy) {
    start();
    const std::string in_use = refusal(at());
    EXPECT_NE(in_use.find("127.0.0.53:" + std::to_string(server->port())), std::string::npos);
    EXPECT_NE(in_use.find("Address already in use"), std::string::npos) << in_use;
    EXPECT_NE(in_use.find("stop it, or name another address"), std::string::npos) << in_use;
    const std::string foreign = refusal({"192.0.2.1", 0});
    EXPECT_NE(foreign.find("no interface of this machine has the address"), std::string::npos)
        << foreign;
    EXPECT_NE(refusal({"localhost", 0}).find("an IP address is wanted"), std::string::npos);
}

TEST_F(Server, RefusesWildcardAddressesAndAnEmptyList) {
    EXPECT_NE(refusal({"0.0.0.0", 0}).find("name the addresses"), std::string::npos);
    EXPECT_NE(refusal({"::", 0}).find("[::]:0: name the addresses"), std::string::npos);
    EXPECT_NE(refusal({"::ffff:0.0.0.0", 0}).find("name the addresses"), std::string::npos);
    EXPECT_FALSE(NameServer::listen(context.get_executor(), {}, current()));
}

TEST_F(Server, RefusesAPortThatOnlyTcpHas) {
    asio::io_context mine;
    const tcp::acceptor taken(mine, {asio::ip::make_address(server_address), 0}, false);
    const std::string message = refusal({server_address, taken.local_endpoint().port()});
    EXPECT_NE(message.find("(TCP): Address already in use"), std::string::npos) << message;
}

TEST_F(Server, TakesNothingWhenOneOfItsAddressesIsRefused) {
    start();
    show(small_zone());
    asio::io_context mine;
    const udp::endpoint free(asio::ip::make_address("127.0.0.54"), server->port());
    EXPECT_FALSE(NameServer::listen(context.get_executor(), {{"127.0.0.54", server->port()}, at()},
                                    current()));
    EXPECT_NO_THROW(udp::socket(mine, free));
}

TEST_F(Server, AnswersOnEachOfItsAddresses) {
    show(small_zone());
    auto made = NameServer::listen(context.get_executor(), {{server_address, 0}, {"127.0.0.54", 0}},
                                   current());
    ASSERT_TRUE(made);
    server = *std::move(made);
    EXPECT_TRUE(ask(at()));
}

TEST_F(Server, FreesItsPortsWhenClosed) {
    start();
    const HostPort where = at();
    tcp::socket open_connection = tcp_client();
    server.reset();
    EXPECT_EQ(read_reply_of(open_connection), "");
    const auto again = NameServer::listen(context.get_executor(), {where}, current());
    EXPECT_TRUE(again) << again.error().message;
}

TEST_F(Server, SurvivesWhateverArrivesByUdp) {
    start();
    udp::socket client = udp_client();
    std::mt19937 random(42);
    for (int round = 0; round < 40; ++round) {
        for (int packet = 0; packet < 50; ++packet) { // No more than its queue holds.
            std::string noise(random() % 100, '\0');
            for (char& byte : noise) {
                byte = static_cast<char>(random() & 0xFFU);
            }
            client.send(asio::buffer(noise));
        }
        client.send(asio::buffer(std::string(60'000, '\0')));
        udp::socket fresh = udp_client();
        fresh.send(asio::buffer(shop_query('x')));
        ASSERT_TRUE(leads_to_the_primary(read_reply_of(fresh), 'x'));
    }
}

TEST_F(Server, AnswersFormerrToACutPacketAndNothingToAReply) {
    start();
    udp::socket client = udp_client();
    std::string reply_like = shop_query('r');
    reply_like[2] = '\x80';
    client.send(asio::buffer(reply_like));
    client.send(asio::buffer("short"s));
    client.send(asio::buffer(shop_query('c').substr(0, 20)));
    const std::string reply = read_reply_of(client); // The first that gets one.
    ASSERT_EQ(reply.size(), 12U);
    EXPECT_EQ(reply.substr(0, 4), "\0c\x80\x01"s);
}

TEST_F(Server, AnswersSeveralQueriesOfOneConnectionInTheirOrder) {
    start();
    tcp::socket client = tcp_client();
    std::string queries;
    for (char id = 1; id <= 100; ++id) {
        queries += framed(shop_query(id));
    }
    asio::write(client, asio::buffer(queries));
    for (char id = 1; id <= 100; ++id) {
        EXPECT_TRUE(leads_to_the_primary(read_reply_of(client), id)) << int{id};
    }
}

TEST_F(Server, PutsAQueryTogetherThatComesByteByByte) {
    start();
    tcp::socket client = tcp_client();
    client.set_option(tcp::no_delay(true));
    for (const char byte : framed(shop_query('b'))) {
        asio::write(client, asio::buffer(&byte, 1));
    }
    EXPECT_TRUE(leads_to_the_primary(read_reply_of(client), 'b'));
}

TEST_F(Server, ClosesAConnectionThatBringsNoQuery) {
    start();
    for (const std::string& nonsense : {"\xFF\xFF"s + shop_query('x'), "\0\0"s, "\0\5short"s,
                                        framed("\0\0\x80\0"s + std::string(8, '\0'))}) {
        tcp::socket client = tcp_client();
        asio::write(client, asio::buffer(nonsense));
        EXPECT_EQ(read_reply_of(client), "");
    }
    tcp::socket good = tcp_client();
    asio::write(good, asio::buffer(framed(shop_query('g'))));
    EXPECT_TRUE(leads_to_the_primary(read_reply_of(good), 'g'));
}

TEST_F(Server, ClosesIdleAndStuckConnectionsAfterFiveSeconds) {
    start();
    tcp::socket idle = tcp_client();
    tcp::socket stuck = tcp_client();
    const auto begun = std::chrono::steady_clock::now();
    asio::write(stuck, asio::buffer(framed(shop_query('s')).substr(0, 10)));
    EXPECT_EQ(read_reply_of(idle), "");
    EXPECT_EQ(read_reply_of(stuck), "");
    const auto waited = std::chrono::steady_clock::now() - begun;
    EXPECT_GT(waited, std::chrono::milliseconds(4500));
    EXPECT_LT(waited, std::chrono::seconds(15)) << "this side gave up first";
}

TEST_F(Server, ClosesTheConnectionPastTheSixtyFourthAtOnce) {
    start();
    std::vector<tcp::socket> clients;
    for (char id = 1; id <= 64; ++id) {
        clients.push_back(tcp_client());
        asio::write(clients.back(), asio::buffer(framed(shop_query(id))));
        ASSERT_TRUE(leads_to_the_primary(read_reply_of(clients.back()), id));
    }
    tcp::socket one_more = tcp_client();
    error_code ignored; // The server may have closed it before this is sent.
    asio::write(one_more, asio::buffer(framed(shop_query('x'))), ignored);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(read_reply_of(one_more), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(4));
    EXPECT_TRUE(ask(at())) << "UDP goes on";
}

TEST_F(Server, AnswersServfailWhileThereIsNoView) {
    auto made = NameServer::listen(context.get_executor(), {{server_address, 0}},
                                   [] { return std::shared_ptr<const ZoneView>(); });
    ASSERT_TRUE(made);
    server = *std::move(made);
    const auto answer = ask(at());
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("SERVFAIL"), std::string::npos);
}

} // namespace
} // namespace lockstep::dns
