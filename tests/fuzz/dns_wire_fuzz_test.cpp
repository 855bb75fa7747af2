#include "dns/server/wire.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#ifndef LOCKSTEP_LIBFUZZER
#include <gtest/gtest.h>
#endif

// Two ways to run the same properties. As a test: fixed seeds and a fixed number of mutations. By
// libFuzzer, from the root of the tree: clang++ -std=c++20 -DLOCKSTEP_LIBFUZZER -I.
// -fsanitize=fuzzer,address,undefined tests/fuzz/dns_wire_fuzz_test.cpp dns/server/wire.cpp
// dns/server/query.cpp dns/decision/answer.cpp -lldns
namespace lockstep::dns {
namespace {

const ZoneView& view() {
    static const ZoneView made = [] {
        ZoneView view;
        view.zone.name = "db.example.test";
        view.zone.servers = {{"ns-a", "10.77.0.1", 53}, {"ns-b", "2001:db8::1", 53}};
        view.zone.endpoints = {{"shop", "10.77.0.11", "2001:db8::2", Epoch{3}, Revision{17}, 2},
                               {"mute", "10.77.0.11", "10.77.0.12", Epoch{1}, Revision{2}, 2}};
        view.vouched = {"shop"};
        return view;
    }();
    return made;
}

unsigned byte_at(std::string_view bytes, std::size_t place) {
    return static_cast<unsigned char>(bytes[place]);
}

/// What must hold whatever came in. Empty, or what does not hold.
std::string broken_promise(std::string_view packet, Transport transport) {
    const auto reply = respond(packet, view(), transport);
    const bool wants_none = packet.size() < 12 || (byte_at(packet, 2) & 0x80U) != 0;
    if (wants_none || !reply) {
        return wants_none == !reply ? "" : "a reply to the wrong packet, or none to the right one";
    }
    if (reply->size() < 12 || reply->substr(0, 2) != packet.substr(0, 2)) {
        return "no header with the query's id";
    }
    if ((byte_at(*reply, 2) & 0x80U) == 0 ||
        (byte_at(*reply, 2) & 0x79U) != (byte_at(packet, 2) & 0x79U)) {
        return "not a reply with the query's opcode and RD";
    }
    if (transport == Transport::udp && reply->size() > largest_udp_reply_bytes) {
        return "too long for UDP";
    }
    if (reply->size() > 65535) {
        return "too long for TCP";
    }
    if (respond(*reply, view(), transport)) {
        return "the reply would be answered";
    }
    return "";
}

} // namespace
} // namespace lockstep::dns

#ifdef LOCKSTEP_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lockstep::dns;
    const std::string_view packet(reinterpret_cast<const char*>(data), size);
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
        if (!broken_promise(packet, transport).empty()) {
            __builtin_trap();
        }
    }
    return 0;
}

#else

namespace lockstep::dns {
namespace {

using namespace std::string_literals;

/// Good queries of every kind, to be bent.
std::vector<std::string> good_queries() {
    const std::string head = "\xBE\xEF\1\0\0\1\0\0\0\0\0\0"s;
    const std::string head_with_opt = "\xBE\xEF\1\0\0\1\0\0\0\0\0\1"s;
    const std::string head_with_soa = "\xBE\xEF\0\0\0\1\0\0\0\1\0\0"s;
    const std::string zone = "\2db\7example\4test\0"s;
    const std::string opt = "\0\0\x29\x04\xD0\0\0\x80\0\0\0"s;
    const std::string opt_with_cookie = "\0\0\x29\x04\xD0\0\0\0\0\0\x0C\0\x0A\0\x08zyxwvuts"s;
    const std::string soa = "\0\0\6\0\1\0\0\0\0\0\x16\0\0"s + std::string(20, '\0');
    return {
        head + "\4shop"s + zone + "\0\1\0\1"s,
        head + "\7shop-ro"s + zone + "\0\x1C\0\1"s,
        head + "\4mute"s + zone + "\0\x10\0\1"s,
        head + zone + "\0\2\0\1"s,
        head + "\0\0\xFF\0\xFF"s,
        head_with_opt + "\4shop"s + zone + "\0\x10\0\1"s + opt,
        head_with_opt + "\6nobody"s + zone + "\0\1\0\1"s + opt_with_cookie,
        head_with_soa + zone + "\0\xFB\0\1"s + soa,
    };
}

/// Bends packets in ways that parsers trip over.
class Bender {
public:
    explicit Bender(unsigned seed) : random_(seed) {}

    [[nodiscard]] std::string bent(std::string packet, const std::string& other) {
        for (std::size_t bends = 1 + below(4); bends > 0 && !packet.empty(); --bends) {
            bend(packet, other);
        }
        return packet;
    }
    [[nodiscard]] std::size_t below(std::size_t limit) { return random_() % limit; }

private:
    void bend(std::string& packet, const std::string& other) {
        static constexpr char telling[] = {'\0',   '\1',   '\x3F', '\x40', '\x7F',
                                           '\x80', '\xC0', '\xC1', '\xFF', '\x29'};
        const std::size_t place = below(packet.size());
        switch (below(8)) {
        case 0: packet[place] = static_cast<char>(random_() & 0xFFU); break;
        case 1: packet[place] = telling[below(sizeof telling)]; break;
        case 2: packet[place] = static_cast<char>(packet[place] ^ (1 << below(8))); break;
        case 3: packet.resize(place); break;
        case 4: packet.insert(place, 1 + below(40), telling[below(sizeof telling)]); break;
        case 5: packet.erase(place, 1 + below(8)); break;
        case 6: packet.replace(place, std::string::npos, other.substr(below(other.size()))); break;
        default: packet.insert(place, "\xC0"s + static_cast<char>(below(packet.size()))); break;
        }
    }

    std::mt19937 random_;
};

constexpr unsigned rounds = 300'000;

TEST(DnsWireFuzz, KeepsItsPromisesForBentQueries) {
    const auto queries = good_queries();
    Bender bender(20240229);
    for (unsigned round = 0; round < rounds; ++round) {
        const std::string& query = queries[bender.below(queries.size())];
        const std::string& other = queries[bender.below(queries.size())];
        const std::string packet = bender.bent(query, other);
        const Transport transport = round % 2 == 0 ? Transport::udp : Transport::tcp;
        ASSERT_EQ(broken_promise(packet, transport), "") << testing::PrintToString(packet);
    }
}

TEST(DnsWireFuzz, KeepsItsPromisesForNoise) {
    std::mt19937 random(7);
    for (unsigned round = 0; round < rounds / 4; ++round) {
        std::string packet(random() % 80, '\0');
        for (char& byte : packet) {
            byte = static_cast<char>(random() & 0xFFU);
        }
        ASSERT_EQ(broken_promise(packet, Transport::udp), "") << testing::PrintToString(packet);
    }
}

TEST(DnsWireFuzz, AnswersTheGoodQueries) {
    for (const std::string& query : good_queries()) {
        EXPECT_EQ(broken_promise(query, Transport::udp), "");
        const auto reply = respond(query, view(), Transport::udp);
        ASSERT_TRUE(reply);
        EXPECT_NE(byte_at(*reply, 3) & 0x0FU, 1U) << testing::PrintToString(query);
    }
}

} // namespace
} // namespace lockstep::dns

#endif
