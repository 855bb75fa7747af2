#include "tests/integration/dns/dns_world.h"

// The server as the rest of the world sees it: asked by bind9's dig.
namespace lockstep::dns {
namespace {

using Dig = DnsWorld;

void expect_in(const std::string& part, const std::string& whole) {
    EXPECT_NE(whole.find(part), std::string::npos) << "no '" << part << "' in:\n" << whole;
}

ZoneView zone_of_many_servers(int servers) {
    ZoneView view = small_zone();
    for (int server = 1; server < servers; ++server) {
        view.zone.servers.push_back(
            {"ns-" + std::to_string(server), "10.77.1." + std::to_string(server), 53});
    }
    return view;
}

TEST_F(Dig, GetsBothNamesByUdpAndByTcp) {
    start();
    for (const char* transport : {"+notcp ", "+tcp "}) {
        const std::string way = transport;
        EXPECT_EQ(dig(way + "+short shop.db.example.test A"), "10.77.0.11\n");
        EXPECT_EQ(dig(way + "+short shop-ro.db.example.test A"), "10.77.0.12\n");
        EXPECT_EQ(dig(way + "+short shop.db.example.test TXT"), "\"epoch=3 revision=17\"\n");
    }
}

TEST_F(Dig, SeesAnAuthoritativeAnswerWithItsTtlAndNoWarning) {
    start();
    const std::string output = dig("shop.db.example.test");
    expect_in("status: NOERROR", output);
    expect_in("flags: qr aa;", output);
    expect_in("shop.db.example.test.\t2\tIN\tA\t10.77.0.11", output);
    expect_in("EDNS: version: 0, flags:; udp: 1232", output);
    EXPECT_EQ(output.find("WARNING"), std::string::npos) << output;
    EXPECT_EQ(output.find(";; Got bad"), std::string::npos) << output;
}

TEST_F(Dig, GetsAnAnswerWithoutEdns) {
    start();
    const std::string output = dig("+noedns shop.db.example.test");
    expect_in("status: NOERROR", output);
    EXPECT_EQ(output.find("EDNS"), std::string::npos) << output;
}

TEST_F(Dig, SeesNxdomainAndNoDataWithTheSoa) {
    start();
    const std::string soa = "db.example.test.\t2\tIN\tSOA\tns-a.db.example.test. "
                            "hostmaster.db.example.test. 4711 60 10 86400 2";
    const std::string unknown = dig("nobody.db.example.test");
    expect_in("status: NXDOMAIN", unknown);
    expect_in(soa, unknown);
    const std::string no_data = dig("shop.db.example.test AAAA");
    expect_in("status: NOERROR", no_data);
    expect_in("ANSWER: 0, AUTHORITY: 1", no_data);
    expect_in(soa, no_data);
}

TEST_F(Dig, GetsTheZonesSoaAndServersWithTheirAddresses) {
    start();
    expect_in("4711 60 10 86400 2", dig("+short db.example.test SOA"));
    const std::string output = dig("db.example.test NS");
    expect_in("db.example.test.\t60\tIN\tNS\tns-a.db.example.test.", output);
    expect_in("ns-a.db.example.test.\t60\tIN\tA\t127.0.0.53", output);
}

TEST_F(Dig, IsRefusedTransfersOtherZonesAndOtherClasses) {
    start();
    expect_in("Transfer failed", dig("db.example.test AXFR"));
    expect_in("status: REFUSED", dig("www.example.org"));
    expect_in("status: REFUSED", dig("version.bind TXT CH"));
}

TEST_F(Dig, SeesServfailForAPairThatTheServerCannotVouchFor) {
    ZoneView silent = small_zone();
    silent.vouched.clear();
    start(silent);
    expect_in("status: SERVFAIL", dig("shop.db.example.test"));
    expect_in("status: SERVFAIL", dig("shop-ro.db.example.test"));
    expect_in("status: NOERROR", dig("db.example.test SOA"));
}

TEST_F(Dig, SeesNotimpForOtherOpcodesAndBadversForLaterEdns) {
    start();
    expect_in("status: NOTIMP", dig("+opcode=notify db.example.test SOA"));
    expect_in("status: NOTIMP", dig("+opcode=update db.example.test SOA"));
    expect_in("status: BADVERS", dig("+edns=1 +noednsnegotiation shop.db.example.test"));
}

TEST_F(Dig, ComesAgainByTcpWhenTheAnswerWasTruncated) {
    start(zone_of_many_servers(60));
    const std::string cut = dig("+bufsize=600 +ignore db.example.test NS");
    expect_in("flags: qr aa tc;", cut);
    const std::string whole = dig("+bufsize=600 db.example.test NS");
    expect_in(";; Truncated, retrying in TCP mode", whole);
    expect_in("ANSWER: 60, AUTHORITY: 0, ADDITIONAL: 61", whole);
    expect_in("ANSWER: 60", dig("+tcp db.example.test NS"));
}

TEST_F(Dig, SeesTheCaseOfItsQuestion) {
    start();
    expect_in("sHoP.dB.eXample.test.\t2\tIN\tA", dig("+noall +answer sHoP.dB.eXample.test"));
}

TEST_F(Dig, SeesAChangeWithTheNextQuestion) {
    start();
    EXPECT_EQ(dig("+short shop.db.example.test"), "10.77.0.11\n");
    ZoneView moved = small_zone();
    moved.zone.serial = 4712;
    moved.zone.endpoints.front().primary_address = "10.77.0.12";
    moved.zone.endpoints.front().epoch = Epoch{4};
    show(moved);
    EXPECT_EQ(dig("+short shop.db.example.test"), "10.77.0.12\n");
    expect_in(" 4712 ", dig("+short db.example.test SOA"));
    expect_in("epoch=4", dig("+tcp +short shop.db.example.test TXT"));
}

} // namespace
} // namespace lockstep::dns
