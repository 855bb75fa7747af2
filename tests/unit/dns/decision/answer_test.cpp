#include "dns/decision/answer.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace lockstep::dns {
namespace {

constexpr std::uint16_t chaos_class = 3;
constexpr std::uint16_t any_class = 255;
constexpr std::uint16_t mx_type = 15;

Endpoint shop() {
    return {"shop", "10.77.0.11", "10.77.0.12", Epoch{3}, Revision{17}, 2};
}

ZoneView view() {
    ZoneView view;
    view.zone.name = "db.example.test";
    view.zone.serial = 4711;
    view.zone.servers = {{"ns-a", "10.77.0.11", 53}, {"ns-b", "2001:db8::12", 53}};
    view.zone.endpoints = {shop(), {"six", "2001:db8::1", "2001:db8::2", Epoch{1}, Revision{5}, 5}};
    view.vouched = {"shop", "six"};
    return view;
}

Question ask(std::string name, RecordType type) {
    return {std::move(name), static_cast<std::uint16_t>(type), internet_class, 0};
}

Answer answered(const std::string& name, RecordType type) {
    return answer(view(), ask(name, type));
}

const Record soa{"db.example.test", RecordType::soa, 2,
                 "ns-a.db.example.test. hostmaster.db.example.test. 4711 60 10 86400 2"};

void expect_no_data(const Answer& answer) {
    EXPECT_EQ(answer.rcode, Rcode::no_error);
    EXPECT_TRUE(answer.authoritative);
    EXPECT_TRUE(answer.answers.empty());
    ASSERT_EQ(answer.authority.size(), 1U);
    EXPECT_EQ(answer.authority.front().type, RecordType::soa);
}

void expect_bare(const Answer& answer, Rcode rcode) {
    EXPECT_EQ(answer.rcode, rcode);
    EXPECT_FALSE(answer.authoritative);
    EXPECT_TRUE(answer.answers.empty());
    EXPECT_TRUE(answer.authority.empty());
    EXPECT_TRUE(answer.additional.empty());
}

TEST(Answer, LeadsThePairsNameToThePrimary) {
    const Answer found = answered("shop.db.example.test", RecordType::a);
    EXPECT_EQ(found.rcode, Rcode::no_error);
    EXPECT_TRUE(found.authoritative);
    EXPECT_EQ(found.answers,
              (std::vector<Record>{{"shop.db.example.test", RecordType::a, 2, "10.77.0.11"}}));
    EXPECT_TRUE(found.authority.empty());
}

TEST(Answer, LeadsTheReadOnlyNameToTheStandby) {
    const Answer found = answered("shop-ro.db.example.test", RecordType::a);
    EXPECT_EQ(found.answers,
              (std::vector<Record>{{"shop-ro.db.example.test", RecordType::a, 2, "10.77.0.12"}}));
}

TEST(Answer, TellsEpochAndRevisionInTheTxtOfBothNames) {
    for (const char* name : {"shop.db.example.test", "shop-ro.db.example.test"}) {
        EXPECT_EQ(answered(name, RecordType::txt).answers,
                  (std::vector<Record>{{name, RecordType::txt, 2, "\"epoch=3 revision=17\""}}));
    }
}

TEST(Answer, ServesIpv6AddressesAsAaaaAndHasNoA) {
    const Answer found = answered("six.db.example.test", RecordType::aaaa);
    EXPECT_EQ(found.answers,
              (std::vector<Record>{{"six.db.example.test", RecordType::aaaa, 5, "2001:db8::1"}}));
    expect_no_data(answered("six.db.example.test", RecordType::a));
}

TEST(Answer, TakesTheTtlFromTheEndpoint) {
    ZoneView changed = view();
    changed.zone.endpoints.front().ttl_seconds = 7;
    const auto question = ask("shop.db.example.test", RecordType::a);
    EXPECT_EQ(answer(changed, question).answers.front().ttl_seconds, 7U);
}

TEST(Answer, HasNoDataWithTheSoaForATypeThatTheNameDoesNotHave) {
    expect_no_data(answered("shop.db.example.test", RecordType::aaaa));
    expect_no_data(answered("shop.db.example.test", RecordType::ns));
    expect_no_data(answered("shop-ro.db.example.test", RecordType::soa));
    expect_no_data(answer(view(), {"shop.db.example.test", mx_type, internet_class, 0}));
    expect_no_data(answered("db.example.test", RecordType::a));
    expect_no_data(answered("ns-a.db.example.test", RecordType::aaaa));
    EXPECT_EQ(answered("shop.db.example.test", RecordType::aaaa).authority,
              std::vector<Record>{soa});
}

TEST(Answer, AnswersNxdomainWithTheSoa) {
    for (const char* name : {"nobody.db.example.test", "a.shop.db.example.test",
                             "shop-ro-ro.db.example.test", "ro.db.example.test"}) {
        const Answer found = answered(name, RecordType::a);
        EXPECT_EQ(found.rcode, Rcode::no_such_name) << name;
        EXPECT_TRUE(found.authoritative);
        EXPECT_TRUE(found.answers.empty());
        EXPECT_EQ(found.authority, std::vector<Record>{soa});
    }
}

TEST(Answer, KeepsNegativeAnswersAsShortAsTheShortestEndpoint) {
    ZoneView changed = view();
    changed.zone.endpoints.front().ttl_seconds = 1;
    const Record found =
        answer(changed, ask("nobody.db.example.test", RecordType::a)).authority.front();
    EXPECT_EQ(found.ttl_seconds, 1U);
    EXPECT_TRUE(found.data.ends_with(" 4711 60 10 86400 1")) << found.data;
}

TEST(Answer, GivesTheSerialOfTheZoneAndTheFirstServerInTheSoa) {
    const Answer found = answered("db.example.test", RecordType::soa);
    EXPECT_TRUE(found.authoritative);
    EXPECT_EQ(found.answers, std::vector<Record>{soa});
}

TEST(Answer, NamesTheZoneItselfInTheSoaWithoutServers) {
    ZoneView changed = view();
    changed.zone.servers.clear();
    const Record found = answer(changed, ask("db.example.test", RecordType::soa)).answers.front();
    EXPECT_TRUE(found.data.starts_with("db.example.test. hostmaster.")) << found.data;
    expect_no_data(answer(changed, ask("db.example.test", RecordType::ns)));
}

TEST(Answer, ListsTheNameServersWithTheirAddresses) {
    const Answer found = answered("db.example.test", RecordType::ns);
    EXPECT_EQ(found.answers, (std::vector<Record>{
                                 {"db.example.test", RecordType::ns, 60, "ns-a.db.example.test."},
                                 {"db.example.test", RecordType::ns, 60, "ns-b.db.example.test."},
                             }));
    EXPECT_EQ(found.additional, (std::vector<Record>{
                                    {"ns-a.db.example.test", RecordType::a, 60, "10.77.0.11"},
                                    {"ns-b.db.example.test", RecordType::aaaa, 60, "2001:db8::12"},
                                }));
}

TEST(Answer, KnowsTheAddressesOfTheNameServers) {
    EXPECT_EQ(answered("ns-a.db.example.test", RecordType::a).answers,
              (std::vector<Record>{{"ns-a.db.example.test", RecordType::a, 60, "10.77.0.11"}}));
    EXPECT_EQ(
        answered("ns-b.db.example.test", RecordType::aaaa).answers,
        (std::vector<Record>{{"ns-b.db.example.test", RecordType::aaaa, 60, "2001:db8::12"}}));
}

TEST(Answer, HasNoDataForANameWithOnlyNamesBelowIt) {
    ZoneView changed = view();
    changed.zone.servers = {{"ns.a", "10.77.0.11", 53}};
    expect_no_data(answer(changed, ask("a.db.example.test", RecordType::a)));
    EXPECT_EQ(answer(changed, ask("b.db.example.test", RecordType::a)).rcode, Rcode::no_such_name);
}

TEST(Answer, RefusesNamesOutsideTheZone) {
    for (const char* name : {"", "test", "example.test", "example.org", "otherdb.example.test",
                             "db.example.test.org", "shop.db.example.org"}) {
        expect_bare(answered(name, RecordType::a), Rcode::refused);
    }
}

TEST(Answer, TakesADotInsideALabelForNoBorderOfTheZone) {
    expect_bare(answered("shop\\.db.example.test", RecordType::a), Rcode::refused);
    expect_bare(answered("x\\\\\\.db.example.test", RecordType::a), Rcode::refused);
    EXPECT_EQ(answered("x\\\\.db.example.test", RecordType::a).rcode, Rcode::no_such_name);
}

TEST(Answer, RefusesTransfersAlsoOfNamesItKnows) {
    expect_bare(answered("db.example.test", RecordType::axfr), Rcode::refused);
    expect_bare(answered("db.example.test", RecordType::ixfr), Rcode::refused);
    expect_bare(answered("shop.db.example.test", RecordType::axfr), Rcode::refused);
}

TEST(Answer, RefusesClassesOtherThanInternet) {
    for (const std::uint16_t other : {chaos_class, any_class, std::uint16_t{0}}) {
        Question question = ask("shop.db.example.test", RecordType::a);
        question.record_class = other;
        expect_bare(answer(view(), question), Rcode::refused);
    }
}

TEST(Answer, ImplementsNoOpcodeButQuery) {
    for (std::uint8_t opcode = 1; opcode < 16; ++opcode) {
        Question question = ask("shop.db.example.test", RecordType::a);
        question.opcode = opcode;
        expect_bare(answer(view(), question), Rcode::not_implemented);
    }
}

TEST(Answer, FailsBothNamesOfAPairThatItCannotVouchForWhateverTheType) {
    ZoneView silent = view();
    silent.vouched = {"six"};
    for (const char* name : {"shop.db.example.test", "SHOP-ro.db.example.test"}) {
        for (const RecordType type : {RecordType::a, RecordType::aaaa, RecordType::txt,
                                      RecordType::ns, RecordType::soa, RecordType::any}) {
            expect_bare(answer(silent, ask(name, type)), Rcode::server_failure);
        }
    }
    EXPECT_EQ(answer(silent, ask("six.db.example.test", RecordType::aaaa)).rcode, Rcode::no_error);
}

TEST(Answer, AnswersForTheZoneItselfWithoutVouchingForAnyPair) {
    ZoneView silent = view();
    silent.vouched.clear();
    EXPECT_EQ(answer(silent, ask("db.example.test", RecordType::soa)).rcode, Rcode::no_error);
    EXPECT_EQ(answer(silent, ask("ns-a.db.example.test", RecordType::a)).answers.size(), 1U);
    EXPECT_EQ(answer(silent, ask("nobody.db.example.test", RecordType::a)).rcode,
              Rcode::no_such_name);
}

TEST(Answer, DeniesNoNameWhileTheZoneMayBeOld) {
    ZoneView old = view();
    old.may_deny = false;
    expect_bare(answer(old, ask("nobody.db.example.test", RecordType::a)), Rcode::server_failure);
    EXPECT_EQ(answer(old, ask("shop.db.example.test", RecordType::a)).answers.size(), 1U);
    expect_no_data(answer(old, ask("shop.db.example.test", RecordType::aaaa)));
}

TEST(Answer, FailsWhileItHasBeenToldNoZone) {
    expect_bare(answer(ZoneView{}, ask("shop.db.example.test", RecordType::a)),
                Rcode::server_failure);
    expect_bare(answer(ZoneView{}, ask("", RecordType::ns)), Rcode::server_failure);
}

TEST(Answer, FailsForAnEndpointWithoutAnAddress) {
    ZoneView broken = view();
    broken.zone.endpoints.front().primary_address = "";
    broken.zone.endpoints.front().read_only_address = "a.host.name";
    for (const char* name : {"shop.db.example.test", "shop-ro.db.example.test"}) {
        expect_bare(answer(broken, ask(name, RecordType::txt)), Rcode::server_failure);
    }
}

TEST(Answer, ComparesWithoutCaseAndAnswersInTheCaseOfTheQuestion) {
    const Answer found = answered("sHoP.dB.eXaMpLe.TeSt", RecordType::a);
    ASSERT_EQ(found.answers.size(), 1U);
    EXPECT_EQ(found.answers.front().name, "sHoP.dB.eXaMpLe.TeSt");
    EXPECT_EQ(answered("SHOP-RO.DB.EXAMPLE.TEST", RecordType::a).answers.front().data,
              "10.77.0.12");
    const Answer denied = answered("nobody.DB.Example.TEST", RecordType::a);
    EXPECT_EQ(denied.authority.front().name, "DB.Example.TEST");
}

TEST(Answer, GivesOneRecordSetToWhoeverAsksForAny) {
    const Answer pair = answered("shop.db.example.test", RecordType::any);
    EXPECT_EQ(pair.answers,
              (std::vector<Record>{{"shop.db.example.test", RecordType::a, 2, "10.77.0.11"}}));
    EXPECT_EQ(answered("db.example.test", RecordType::any).answers, std::vector<Record>{soa});
    EXPECT_EQ(answered("nobody.db.example.test", RecordType::any).rcode, Rcode::no_such_name);
}

TEST(Answer, AnswersWhateverTypeIsAsked) {
    for (unsigned type = 0; type <= 0xFFFF; ++type) {
        const Question question{"shop.db.example.test", static_cast<std::uint16_t>(type),
                                internet_class, 0};
        const Answer found = answer(view(), question);
        const bool is_transfer = type == 251 || type == 252;
        EXPECT_EQ(found.rcode, is_transfer ? Rcode::refused : Rcode::no_error) << type;
        EXPECT_LE(found.answers.size(), 1U) << type;
    }
}

TEST(Answer, WordsEveryRcodeAndType) {
    EXPECT_EQ(to_string(Rcode::no_error), "NOERROR");
    EXPECT_EQ(to_string(Rcode::format_error), "FORMERR");
    EXPECT_EQ(to_string(Rcode::server_failure), "SERVFAIL");
    EXPECT_EQ(to_string(Rcode::no_such_name), "NXDOMAIN");
    EXPECT_EQ(to_string(Rcode::not_implemented), "NOTIMP");
    EXPECT_EQ(to_string(Rcode::refused), "REFUSED");
    EXPECT_EQ(to_string(static_cast<Rcode>(9)), "an unknown response code");
    EXPECT_EQ(to_string(RecordType::ixfr), "IXFR");
    EXPECT_EQ(to_string(static_cast<RecordType>(9)), "an unknown type");
}

} // namespace
} // namespace lockstep::dns
