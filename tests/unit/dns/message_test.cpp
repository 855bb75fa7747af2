#include "dns/rfc2136/message.h"

#include <gtest/gtest.h>

#include "tests/support/update_server.h"

namespace lockstep::dns {
namespace {

using Algorithm = TsigKey::Algorithm;

const std::string zone = "db.example.test";
const std::string secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";

TsigKey key_of(Algorithm algorithm = Algorithm::hmac_sha256) {
    return {"lockstep", algorithm, secret};
}

Update move() {
    const std::vector<Record> served{
        {"shop." + zone, RecordType::txt, 60, "\"epoch=2 revision=9\""}};
    return plan_publication(zone, {"shop", "10.77.0.11", "2001:db8::12", Epoch{3}, Revision{17}, 2},
                            served)
        .update;
}

SignedUpdate sent_with(const TsigKey& key) {
    auto message = encode_update(move(), key);
    EXPECT_TRUE(message) << message.error().message;
    return *std::move(message);
}

/// What is made of a reply: "" for success.
std::string said(const std::string& reply, const SignedUpdate& sent, Errc* code = nullptr) {
    const auto read = read_update_reply(reply, sent, zone, key_of());
    if (!read && code != nullptr) {
        *code = read.error().code;
    }
    return read ? "" : read.error().message;
}

std::vector<std::string> lines_of(const ldns_rr_list* records) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < ldns_rr_list_rr_count(records); ++at) {
        const LdnsOwned<char> text(ldns_rr2str(ldns_rr_list_rr(records, at)));
        lines.emplace_back(text.get());
        lines.back().pop_back(); // Ends in a new line.
    }
    return lines;
}

TEST(UpdateMessage, SaysOnTheWireWhatTheUpdateSays) {
    const auto sent = sent_with(key_of());
    ldns_pkt* parsed = nullptr;
    ASSERT_EQ(ldns_wire2pkt(&parsed, reinterpret_cast<const std::uint8_t*>(sent.bytes.data()),
                            sent.bytes.size()),
              LDNS_STATUS_OK);
    const LdnsOwned<ldns_pkt> packet(parsed);
    EXPECT_EQ(ldns_pkt_get_opcode(parsed), LDNS_PACKET_UPDATE);
    EXPECT_FALSE(ldns_pkt_qr(parsed));
    EXPECT_EQ(ldns_pkt_id(parsed), sent.id);
    EXPECT_EQ(lines_of(ldns_pkt_question(parsed)),
              (std::vector<std::string>{"db.example.test.\tIN\tSOA"}));
    EXPECT_EQ(
        lines_of(ldns_pkt_answer(parsed)),
        (std::vector<std::string>{"shop.db.example.test.\t0\tIN\tTXT\t\"epoch=2 revision=9\""}));
    const auto changes = lines_of(ldns_pkt_authority(parsed));
    ASSERT_EQ(changes.size(), 10U);
    EXPECT_EQ(changes[0].substr(0, 33), "shop.db.example.test.\t0\tANY\tA\t\\# ");
    EXPECT_EQ(changes[6], "shop.db.example.test.\t2\tIN\tA\t10.77.0.11");
    EXPECT_EQ(changes[8], "shop-ro.db.example.test.\t2\tIN\tAAAA\t2001:db8::12");
    EXPECT_NE(ldns_pkt_tsig(parsed), nullptr);
}

TEST(UpdateMessage, AsksForUnusedNamesByTypeAnyAndClassNone) {
    Update first;
    first.zone = zone;
    first.unused = {"shop." + zone};
    const auto sent = encode_update(first, key_of());
    ASSERT_TRUE(sent);
    using namespace std::string_literals;
    const std::string prerequisite = "\0\xFF\0\xFE\0\0\0\0\0\0"s; // Type, class, TTL, no data.
    EXPECT_NE(sent->bytes.find(prerequisite), std::string::npos);
}

TEST(UpdateMessage, NeverHoldsTheSecret) {
    const auto sent = sent_with(key_of());
    EXPECT_EQ(sent.bytes.find("secret"), std::string::npos);
}

TEST(UpdateMessage, IsRefusedForWhatDnsCannotHold) {
    auto update = move();
    update.added.front().data = "no address";
    EXPECT_EQ(encode_update(update, key_of()).error().code, Errc::refused);
    update = move();
    update.zone = std::string(300, 'a');
    EXPECT_EQ(encode_update(update, key_of()).error().code, Errc::refused);
}

TEST(UpdateReply, SignedWithTheKeyIsASuccess) {
    for (const auto algorithm : {Algorithm::hmac_sha256, Algorithm::hmac_sha512}) {
        const auto key = key_of(algorithm);
        const auto sent = sent_with(key);
        const auto read = read_update_reply(reply_to(sent, key, {}), sent, zone, key);
        EXPECT_TRUE(read) << read.error().message;
    }
}

TEST(UpdateReply, IsNoSuccessUnlessItIsSignedWithTheKeyForThisVeryMessage) {
    const auto sent = sent_with(key_of());
    const TsigKey other("lockstep", Algorithm::hmac_sha256, "b3RoZXJzZWNyZXRvdGhlcnNlY3JldG90");
    const TsigKey renamed("lockstep2", Algorithm::hmac_sha256, secret);
    auto other_message = sent_with(key_of());
    other_message.id = sent.id;
    for (const auto& reply :
         {reply_to(sent, key_of(), {.sign = false}), reply_to(sent, other, {}),
          reply_to(sent, renamed, {}), reply_to(sent, key_of(Algorithm::hmac_sha512), {}),
          reply_to(sent, key_of(), {.signature_error = 1}),
          reply_to(SignedUpdate{"", sent.id, LdnsOwned<ldns_rdf>()}, key_of(), {})}) {
        Errc code{};
        EXPECT_NE(said(reply, sent, &code), "");
        EXPECT_EQ(code, Errc::corrupt);
    }
}

TEST(UpdateReply, IsNoSuccessWithAnyBitChanged) {
    const auto sent = sent_with(key_of());
    const auto good = reply_to(sent, key_of(), {});
    ASSERT_EQ(said(good, sent), "");
    const std::size_t name_begins = 12;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto bent = good;
            bent[at] = static_cast<char>(static_cast<unsigned char>(bent[at]) ^ (1U << bit));
            // The case of the key's name is not signed (RFC 8945, 4.3.3).
            const bool only_case = at > name_begins && bit == 5 && std::isalpha(good[at]) != 0;
            EXPECT_TRUE(only_case || !said(bent, sent).empty()) << at << ", bit " << bit;
        }
    }
}

TEST(UpdateReply, TellsWhatToDoAboutARejection) {
    const auto sent = sent_with(key_of());
    struct Case {
        UpdateReply reply;
        Errc code;
        std::string says;
    };
    const std::vector<Case> cases{
        {{.rcode = 9, .signature_error = 17}, Errc::refused, "BADKEY"},
        {{.rcode = 9, .signature_error = 16}, Errc::refused, "BADSIG"},
        {{.rcode = 9, .signature_error = 18}, Errc::refused, "clocks"},
        {{.rcode = 9, .signature_error = 22}, Errc::refused, "BADTRUNC"},
        {{.rcode = 9, .sign = false}, Errc::refused, "primary server"},
        {{.rcode = 5}, Errc::refused, "update-policy"},
        {{.rcode = 2}, Errc::unreachable, "its log says why"},
        {{.rcode = 8}, Errc::conflict, "no longer as they were read"},
        {{.rcode = 7}, Errc::conflict, "no longer as they were read"},
        {{.rcode = 6}, Errc::conflict, "no longer as they were read"},
        {{.rcode = 3}, Errc::conflict, "no longer as they were read"},
        {{.rcode = 10}, Errc::refused, "NOTZONE"},
        {{.rcode = 4}, Errc::refused, "no dynamic updates"},
        {{.rcode = 1}, Errc::refused, "FORMERR"},
        {{.rcode = 11}, Errc::refused, "response code 11"},
    };
    for (const auto& [reply, code, says] : cases) {
        Errc found{};
        const auto message = said(reply_to(sent, key_of(), reply), sent, &found);
        EXPECT_EQ(found, code) << message;
        EXPECT_NE(message.find(says), std::string::npos) << message;
        EXPECT_EQ(message.find(secret), std::string::npos);
    }
}

TEST(UpdateReply, MustBeOneOfThisMessage) {
    const auto sent = sent_with(key_of());
    auto other_id = reply_to(sent, key_of(), {});
    other_id[0] = static_cast<char>(other_id[0] ^ 1);
    auto query = reply_to(sent, key_of(), {});
    query[2] = static_cast<char>(query[2] & 0x7F);
    for (const auto& reply : {std::string(), std::string("short"), other_id, query, sent.bytes,
                              std::string(largest_update_reply_bytes + 1, '\0')}) {
        Errc code{};
        EXPECT_NE(said(reply, sent, &code), "");
        EXPECT_EQ(code, Errc::corrupt);
    }
}

} // namespace
} // namespace lockstep::dns
