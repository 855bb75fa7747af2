#include "dns/server/wire.h"

#include <gtest/gtest.h>

#include "dns/check/reply.h"

namespace lockstep::dns {
namespace {

constexpr std::uint16_t opt_type = 41;

/// Builds packets byte by byte, so that what is sent does not depend on what is tested.
class Packet {
public:
    explicit Packet(std::uint16_t flags = 0x0100) {
        number(0xBEEF).number(flags).counts(1, 0, 0, 0);
    }

    Packet& number(std::uint16_t value) {
        bytes_ += static_cast<char>(value >> 8U);
        bytes_ += static_cast<char>(value & 0xFFU);
        return *this;
    }
    Packet& counts(std::uint16_t questions, std::uint16_t answers, std::uint16_t authority,
                   std::uint16_t additional) {
        bytes_.resize(4);
        return number(questions).number(answers).number(authority).number(additional);
    }
    Packet& raw(std::string_view bytes) {
        bytes_ += bytes;
        return *this;
    }
    Packet& name(std::string_view text) {
        while (!text.empty()) {
            const std::string_view label = text.substr(0, text.find('.'));
            bytes_ += static_cast<char>(label.size());
            bytes_ += label;
            text.remove_prefix(std::min(text.size(), label.size() + 1));
        }
        bytes_ += '\0';
        return *this;
    }
    Packet& question(std::string_view text, RecordType type) {
        return name(text).number(static_cast<std::uint16_t>(type)).number(internet_class);
    }
    Packet& opt(std::uint16_t udp_bytes, std::uint8_t version = 0, std::uint16_t flags = 0) {
        return raw(std::string_view("\0", 1))
            .number(opt_type)
            .number(udp_bytes)
            .number(version)
            .number(flags)
            .number(0);
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

ZoneView view(unsigned servers = 2) {
    ZoneView view;
    view.zone.name = "db.example.test";
    view.zone.serial = 4711;
    for (unsigned server = 0; server < servers; ++server) {
        view.zone.servers.push_back(
            {"ns-" + std::to_string(server), "10.77.0." + std::to_string(server + 1), 53});
    }
    view.zone.endpoints = {{"shop", "10.77.0.11", "10.77.0.12", Epoch{3}, Revision{17}, 2}};
    view.vouched = {"shop"};
    return view;
}

unsigned number_at(const std::string& bytes, std::size_t place) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes.at(place))) << 8U |
           static_cast<unsigned char>(bytes.at(place + 1));
}
unsigned rcode_of(const std::string& reply) {
    return number_at(reply, 2) & 0x0FU;
}
bool is_truncated(const std::string& reply) {
    return (number_at(reply, 2) & 0x0200U) != 0;
}

/// The reply to a packet that must get one.
std::string reply_to(const std::string& packet, Transport transport = Transport::udp,
                     const ZoneView& zone = view()) {
    const auto reply = respond(packet, zone, transport);
    EXPECT_TRUE(reply.has_value());
    return reply.value_or(std::string(12, '\0'));
}

const std::string shop_question = Packet().question("shop.db.example.test", RecordType::a).bytes();

TEST(Wire, AnswersAQuestionBitByBit) {
    const std::string reply = reply_to(shop_question);
    EXPECT_EQ(number_at(reply, 0), 0xBEEFU);
    EXPECT_EQ(number_at(reply, 2), 0x8500U); // QR, AA, RD repeated; no RA
    EXPECT_EQ(number_at(reply, 4), 1U);
    EXPECT_EQ(number_at(reply, 6), 1U);
    EXPECT_EQ(number_at(reply, 8), 0U);
    EXPECT_EQ(number_at(reply, 10), 0U);
    EXPECT_EQ(reply.substr(12, shop_question.size() - 12), shop_question.substr(12));
    EXPECT_TRUE(reply.ends_with(std::string_view("\0\4\x0A\x4D\0\x0B", 6)));
}

TEST(Wire, RepeatsTheCaseOfTheQuestion) {
    const auto packet = Packet().question("ShOp.dB.example.TEST", RecordType::a).bytes();
    EXPECT_NE(reply_to(packet).find(packet.substr(12)), std::string::npos);
}

TEST(Wire, SaysWhatThePureAnswerSays) {
    const auto found =
        read_reply(reply_to(Packet().question("shop-ro.db.example.test", RecordType::txt).bytes()),
                   "shop-ro.db.example.test", RecordType::txt);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->data, std::vector<std::string>{"\"epoch=3 revision=17\""});
    EXPECT_EQ(found->ttl_seconds, 2U);
}

TEST(Wire, DropsWhatIsShorterThanAHeader) {
    for (std::size_t size = 0; size < 12; ++size) {
        EXPECT_FALSE(respond(shop_question.substr(0, size), view(), Transport::udp)) << size;
    }
}

TEST(Wire, NeverAnswersAReply) {
    EXPECT_FALSE(respond(Packet(0x8100).question("shop.db.example.test", RecordType::a).bytes(),
                         view(), Transport::udp));
    EXPECT_FALSE(respond(reply_to(shop_question), view(), Transport::udp));
}

TEST(Wire, AnswersFormerrToEveryCutQuestion) {
    for (std::size_t size = 12; size < shop_question.size(); ++size) {
        const std::string reply = reply_to(shop_question.substr(0, size));
        EXPECT_EQ(rcode_of(reply), 1U) << size;
        EXPECT_EQ(number_at(reply, 0), 0xBEEFU);
    }
}

TEST(Wire, AnswersFormerrToWhatFollowsTheQuery) {
    EXPECT_EQ(rcode_of(reply_to(shop_question + "x")), 1U);
}

TEST(Wire, AnswersFormerrToOddCounts) {
    EXPECT_EQ(rcode_of(reply_to(Packet().counts(0, 0, 0, 0).bytes())), 1U);
    EXPECT_EQ(rcode_of(reply_to(Packet()
                                    .counts(2, 0, 0, 0)
                                    .question("shop.db.example.test", RecordType::a)
                                    .question("shop.db.example.test", RecordType::txt)
                                    .bytes())),
              1U);
    for (const auto& [answers, authority, additional] :
         {std::tuple{1, 0, 0}, std::tuple{0, 2, 0}, std::tuple{0, 0, 3},
          std::tuple{0xFFFF, 0xFFFF, 0xFFFF}}) {
        Packet packet;
        packet.counts(1, static_cast<std::uint16_t>(answers), static_cast<std::uint16_t>(authority),
                      static_cast<std::uint16_t>(additional));
        packet.question("shop.db.example.test", RecordType::a);
        EXPECT_EQ(rcode_of(reply_to(packet.bytes())), 1U);
    }
}

TEST(Wire, AnswersFormerrToCompressedAndOverlongNames) {
    const std::string to_itself("\xC0\x0C\0\x01\0\x01", 6);
    EXPECT_EQ(rcode_of(reply_to(Packet().raw(to_itself).bytes())), 1U);
    const std::string to_the_header("\x04shop\xC0\0\0\x01\0\x01", 11);
    EXPECT_EQ(rcode_of(reply_to(Packet().raw(to_the_header).bytes())), 1U);
    std::string labels;
    for (int label = 0; label < 10; ++label) {
        labels += std::string(40, 'x') + ".";
    }
    EXPECT_EQ(rcode_of(reply_to(Packet().question(labels, RecordType::a).bytes())), 1U);
    EXPECT_EQ(rcode_of(reply_to(Packet()
                                    .raw(std::string("\x40", 1) + std::string(64, 'x'))
                                    .raw(std::string_view("\0\0\x01\0\x01", 5))
                                    .bytes())),
              1U);
}

TEST(Wire, AnswersFormerrToAPacketLargerThanAnyQuery) {
    EXPECT_EQ(rcode_of(reply_to(shop_question + std::string(largest_query_bytes, '\0'))), 1U);
}

TEST(Wire, DoesNotMistakeADotInALabelForTwoLabels) {
    Packet packet;
    packet.raw(std::string_view("\x07shop.db", 8)).name("example.test");
    packet.number(1).number(1);
    EXPECT_EQ(rcode_of(reply_to(packet.bytes())), 5U);
}

TEST(Wire, AnswersAnyBytesInANameAsUnknown) {
    for (unsigned letter = 0; letter < 256; ++letter) {
        Packet packet;
        packet.raw(std::string{'\x02', static_cast<char>(letter), 'x'}).name("db.example.test");
        packet.number(1).number(1);
        EXPECT_EQ(rcode_of(reply_to(packet.bytes())), 3U) << letter;
    }
}

TEST(Wire, ImplementsNoOpcodeButQueryAndRepeatsIt) {
    for (unsigned opcode = 1; opcode < 16; ++opcode) {
        const auto flags = static_cast<std::uint16_t>(opcode << 11U);
        const std::string reply =
            reply_to(Packet(flags).question("db.example.test", RecordType::soa).bytes());
        EXPECT_EQ(number_at(reply, 2), 0x8000U | flags | 4U);
        EXPECT_EQ(rcode_of(reply_to(Packet(flags).raw("nonsense").bytes())), 4U);
    }
}

TEST(Wire, RefusesTransfersAlsoWithTheirSoa) {
    EXPECT_EQ(rcode_of(reply_to(Packet().question("db.example.test", RecordType::axfr).bytes(),
                                Transport::tcp)),
              5U);
    Packet incremental;
    incremental.counts(1, 0, 1, 0).question("db.example.test", RecordType::ixfr);
    incremental.name("").number(6).number(1).number(0).number(0).number(22);
    incremental.raw(std::string(22, '\0'));
    EXPECT_EQ(rcode_of(reply_to(incremental.bytes(), Transport::tcp)), 5U);
}

TEST(Wire, AnswersWithEdnsWhoeverAsksWithIt) {
    const auto packet = Packet()
                            .counts(1, 0, 0, 1)
                            .question("shop.db.example.test", RecordType::a)
                            .opt(4096, 0, 0x8000)
                            .bytes();
    const std::string reply = reply_to(packet);
    EXPECT_EQ(number_at(reply, 10), 1U);
    const std::string opt = Packet().counts(0, 0, 0, 0).opt(1232, 0, 0x8000).bytes().substr(12);
    EXPECT_TRUE(reply.ends_with(opt)); // DO repeated, 1232 bytes
}

TEST(Wire, AnswersBadversToALaterEdns) {
    const auto packet = Packet()
                            .counts(1, 0, 0, 1)
                            .question("shop.db.example.test", RecordType::a)
                            .opt(1232, 1)
                            .bytes();
    const std::string reply = reply_to(packet);
    EXPECT_EQ(rcode_of(reply), 0U);
    EXPECT_EQ(number_at(reply, 6), 0U);
    const std::string upper_half_is_1 =
        Packet()
            .counts(0, 0, 0, 0)
            .raw(std::string_view("\0\0\x29\x04\xD0\x01\0\0\0\0\0", 11))
            .bytes();
    EXPECT_TRUE(reply.ends_with(upper_half_is_1.substr(12)));
}

TEST(Wire, AnswersFormerrToASecondOptAndToOneThatIsNotAtTheRoot) {
    EXPECT_EQ(rcode_of(reply_to(Packet()
                                    .counts(1, 0, 0, 2)
                                    .question("shop.db.example.test", RecordType::a)
                                    .opt(1232)
                                    .opt(1232)
                                    .bytes())),
              1U);
    Packet elsewhere;
    elsewhere.counts(1, 0, 0, 1).question("shop.db.example.test", RecordType::a);
    elsewhere.name("x").number(opt_type).number(1232).number(0).number(0).number(0);
    EXPECT_EQ(rcode_of(reply_to(elsewhere.bytes())), 1U);
}

TEST(Wire, AcceptsEdnsOptionsThatItDoesNotKnow) {
    Packet cookie;
    cookie.counts(1, 0, 0, 1).question("shop.db.example.test", RecordType::a);
    cookie.name("").number(opt_type).number(1232).number(0).number(0).number(12);
    cookie.number(10).number(8).raw("12345678");
    EXPECT_EQ(rcode_of(reply_to(cookie.bytes())), 0U);
}

std::string name_servers(std::uint16_t udp_bytes) {
    Packet packet;
    if (udp_bytes > 0) {
        packet.counts(1, 0, 0, 1);
    }
    packet.question("db.example.test", RecordType::ns);
    if (udp_bytes > 0) {
        packet.opt(udp_bytes);
    }
    return packet.bytes();
}

TEST(Wire, LeavesOutAdditionalRecordsBeforeItTruncates) {
    const ZoneView zone = view(20); // NS alone fits 512 bytes; with addresses it does not.
    const std::string reply = reply_to(name_servers(0), Transport::udp, zone);
    EXPECT_FALSE(is_truncated(reply));
    EXPECT_LE(reply.size(), 512U);
    EXPECT_EQ(number_at(reply, 6), 20U);
    EXPECT_EQ(number_at(reply, 10), 0U);
}

TEST(Wire, TruncatesAt512BytesWithoutEdns) {
    const std::string reply = reply_to(name_servers(0), Transport::udp, view(40));
    EXPECT_TRUE(is_truncated(reply));
    EXPECT_LE(reply.size(), 512U);
    EXPECT_EQ(number_at(reply, 4), 1U);
    EXPECT_EQ(number_at(reply, 6), 0U);
}

TEST(Wire, TruncatesAtWhatTheClientTakesButNeverAbove1232) {
    EXPECT_TRUE(is_truncated(reply_to(name_servers(600), Transport::udp, view(40))));
    EXPECT_FALSE(is_truncated(reply_to(name_servers(1232), Transport::udp, view(40))));
    EXPECT_TRUE(is_truncated(reply_to(name_servers(4096), Transport::udp, view(80))));
    EXPECT_TRUE(is_truncated(reply_to(name_servers(1), Transport::udp, view(40))));
    EXPECT_FALSE(is_truncated(reply_to(name_servers(1), Transport::udp, view(15))));
}

TEST(Wire, DoesNotTruncateOverTcp) {
    const std::string reply = reply_to(name_servers(0), Transport::tcp, view(80));
    EXPECT_FALSE(is_truncated(reply));
    EXPECT_EQ(number_at(reply, 6), 80U);
    EXPECT_EQ(number_at(reply, 10), 80U);
}

TEST(Wire, FailsWhereTheZoneHoldsWhatCannotBeWritten) {
    ZoneView broken = view();
    broken.zone.servers.front().host = std::string(70, 'x');
    EXPECT_EQ(rcode_of(reply_to(name_servers(0), Transport::udp, broken)), 2U);
}

TEST(Wire, FailsWithoutAZoneAndForAPairThatItCannotVouchFor) {
    EXPECT_EQ(rcode_of(reply_to(shop_question, Transport::udp, ZoneView{})), 2U);
    ZoneView silent = view();
    silent.vouched.clear();
    const std::string reply = reply_to(shop_question, Transport::udp, silent);
    EXPECT_EQ(number_at(reply, 2), 0x8102U); // not AA
    EXPECT_EQ(number_at(reply, 8), 0U);
}

TEST(Reply, RefusesWhatIsNotAuthoritativeAndSaysSo) {
    std::string reply = reply_to(shop_question);
    reply[2] = static_cast<char>(static_cast<unsigned char>(reply[2]) & ~0x04U);
    const auto found = read_reply(reply, "shop.db.example.test", RecordType::a);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::refused);
    EXPECT_NE(found.error().message.find("not authoritative"), std::string::npos);
}

TEST(Reply, NamesTheResponseCode) {
    const auto reply = reply_to(Packet().question("x.db.example.test", RecordType::a).bytes());
    const auto found = read_reply(reply, "x.db.example.test", RecordType::a);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::refused);
    EXPECT_EQ(found.error().message, "answers NXDOMAIN for x.db.example.test");
}

TEST(Reply, IsCorruptWhenItDoesNotParse) {
    const std::string reply = reply_to(shop_question);
    const auto found =
        read_reply(reply.substr(0, reply.size() - 3), "shop.db.example.test", RecordType::a);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::corrupt);
}

TEST(Reply, TakesNoRecordOfAnotherName) {
    const auto found = read_reply(reply_to(shop_question), "other.db.example.test", RecordType::a);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->data.empty());
}

TEST(Reply, ReadsTheNumbersOfATxtRecord) {
    EXPECT_EQ(read_number("\"epoch=3 revision=17\"", "epoch"), 3U);
    EXPECT_EQ(read_number("\"epoch=3 revision=17\"", "revision"), 17U);
    for (const char* text :
         {"", "\"epoch=\"", "\"epoch=x\"", "\"epoch 3\"", "\"epoch=99999999999999999999\""}) {
        const auto found = read_number(text, "epoch");
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code, Errc::corrupt);
    }
}

} // namespace
} // namespace lockstep::dns
