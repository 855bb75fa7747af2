#include "dns/rfc2136/message.h"

#include <cctype>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/update_server.h"

// What a DNS server sends back to an update, bent in every way: whatever comes in, nothing that is
// not signed with the key counts as a success.
namespace lockstep::dns {
namespace {

const std::string zone = "db.example.test";

TsigKey key() {
    return {"lockstep", TsigKey::Algorithm::hmac_sha256, "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"};
}

SignedUpdate sent() {
    const Endpoint shop{"shop", "10.77.0.11", "10.77.0.12", Epoch{3}, Revision{17}, 2};
    return *encode_update(plan_publication(zone, shop, {}).update, key());
}

std::vector<std::string> replies_to(const SignedUpdate& message) {
    std::vector<std::string> replies{message.bytes};
    for (const unsigned rcode : {0U, 2U, 5U, 8U, 9U}) {
        for (const bool sign : {true, false}) {
            replies.push_back(reply_to(message, key(), {rcode, sign, 0}));
        }
    }
    replies.push_back(reply_to(message, key(), {9, true, 17}));
    return replies;
}

class Bender {
public:
    explicit Bender(unsigned seed) : random_(seed) {}

    std::string bent(std::string packet) {
        for (std::size_t times = 1 + below(4); times > 0; --times) {
            bend(packet);
        }
        return packet;
    }
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

private:
    void bend(std::string& packet) {
        const std::size_t place = below(packet.size());
        const auto noise = static_cast<char>(random_() & 0xFFU);
        switch (below(6)) {
        case 0: packet.resize(place); break;
        case 1: packet.insert(place, 1 + below(30), noise); break;
        case 2: packet.erase(place, 1 + below(8)); break;
        case 3: packet.insert(place, std::string("\xC0") + noise); break;
        default:
            if (!packet.empty()) {
                packet[place] = noise;
            }
        }
    }
    std::mt19937 random_;
};

constexpr unsigned rounds = 1'000'000;

/// The case of names is not signed (RFC 8945, 4.3.3).
std::string lower(std::string text) {
    for (char& letter : text) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return text;
}

TEST(DnsUpdateFuzz, NeverTakesABentReplyForASuccess) {
    const auto message = sent();
    const auto good = reply_to(message, key(), {});
    ASSERT_TRUE(read_update_reply(good, message, zone, key()));
    const auto replies = replies_to(message);
    Bender bender(20240229);
    for (unsigned round = 0; round < rounds; ++round) {
        const auto reply = bender.bent(replies[bender.below(replies.size())]);
        const auto read = read_update_reply(reply, message, zone, key());
        ASSERT_TRUE(!read || lower(reply) == lower(good)) << testing::PrintToString(reply);
    }
}

TEST(DnsUpdateFuzz, SurvivesNoise) {
    const auto message = sent();
    std::mt19937 random(7);
    for (unsigned round = 0; round < rounds / 4; ++round) {
        std::string reply(random() % 120, '\0');
        for (char& byte : reply) {
            byte = static_cast<char>(random() & 0xFFU);
        }
        ASSERT_FALSE(read_update_reply(reply, message, zone, key()));
    }
}

} // namespace
} // namespace lockstep::dns
