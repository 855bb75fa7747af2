#include "controller/zone_building.h"

#include <gtest/gtest.h>

#include "controller/member_of_agent.h"
#include "controller/zone_keeper.h"
#include "platform/clock.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

const std::vector<HostPort> own = {{"10.0.0.9", 53}, {"10.0.1.9", 5300}};

TEST(ZoneBuilding, NamesServersAsHostNamesAllow) {
    EXPECT_EQ(name_server_label("shop_db1"), "ns-shop-db1");
}

TEST(ZoneBuilding, ListsTheControllersOwnServersFirst) {
    const auto servers = name_servers(own, {}, {});
    ASSERT_EQ(servers.size(), 2U);
    EXPECT_EQ(servers[0], (wire::NameServer{"ns-controller", "10.0.0.9", 53}));
    EXPECT_EQ(servers[1], (wire::NameServer{"ns-controller-2", "10.0.1.9", 5300}));
}

TEST(ZoneBuilding, ListsTheServersOfMembersAsTheirAgentsToldThem) {
    const auto servers = name_servers({}, {fixture::in_sync_record()}, {{"a", "10.0.0.1:5300"}});
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0], (wire::NameServer{"ns-a", "10.0.0.1", 5300}));
}

TEST(ZoneBuilding, LeavesOutAgentsWithoutANameServerAndThoseInNoPair) {
    const std::map<MemberId, std::string> told = {{"a", ""}, {"z", "10.0.0.26:53"}};
    EXPECT_TRUE(name_servers({}, {fixture::in_sync_record()}, told).empty());
}

TEST(ZoneBuilding, TakesAnUnheardAgentsServerFromTheRecord) {
    auto record = fixture::in_sync_record();
    record.members.at("b").probe_port = 53;
    const auto servers = name_servers({}, {record}, {});
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0], (wire::NameServer{"ns-b", "10.0.0.2", 53}));
}

TEST(ZoneBuilding, LeadsEachPairWhereItsRecordSays) {
    const auto record = fixture::in_sync_record();
    const auto zone = build_zone("db.example.org", Revision{77}, {record}, {});
    EXPECT_EQ(zone.name, "db.example.org");
    EXPECT_EQ(zone.serial, 77U);
    ASSERT_EQ(zone.endpoints.size(), 1U);
    EXPECT_EQ(zone.endpoints[0], endpoint_of(record));
}

wire::Zone zone_with_shop() {
    return build_zone("db.example.org", Revision{1}, {fixture::in_sync_record()}, {});
}

TEST(ZoneKeeper, VouchesForItsPairsWhileTheStoreIsProved) {
    ZoneKeeper keeper([] { return boot_time(); });
    keeper.replace(zone_with_shop());
    EXPECT_TRUE(keeper.current()->vouched.contains("shop"));
    EXPECT_TRUE(keeper.current()->may_deny);
}

TEST(ZoneKeeper, VouchesForNothingOnceTheProofIsOld) {
    ZoneKeeper keeper([] { return boot_time() - Timings{}.fence_after - Milliseconds{1}; });
    keeper.replace(zone_with_shop());
    EXPECT_TRUE(keeper.current()->vouched.empty());
    EXPECT_FALSE(keeper.current()->may_deny);
    EXPECT_EQ(keeper.current()->zone, zone_with_shop());
}

KnownAgent agent_b() {
    KnownAgent agent;
    agent.hello.member = "b";
    agent.hello.zone = "zone-b";
    agent.hello.host = "host-b";
    agent.hello.address = "10.0.0.2";
    agent.hello.port = 5432;
    agent.hello.probe_port = 53;
    agent.hello.engine = "postgresql";
    agent.key = "key-b";
    agent.connected = true;
    return agent;
}

TEST(MemberOfAgent, IsWhatTheAgentSaidAndItsCertificateProved) {
    const auto member = member_of_agent(agent_b(), MemberKind::spare, "postgresql");
    ASSERT_TRUE(member);
    EXPECT_EQ(member->id, "b");
    EXPECT_EQ(member->zone, "zone-b");
    EXPECT_EQ(member->host, "host-b");
    EXPECT_EQ(member->address, "10.0.0.2");
    EXPECT_EQ(member->port, 5432);
    EXPECT_EQ(member->probe_port, 53);
    EXPECT_EQ(member->key, "key-b");
    EXPECT_EQ(member->kind, MemberKind::spare);
    EXPECT_EQ(member->data_id, "");
}

TEST(MemberOfAgent, IsRefusedWhileTheAgentIsAway) {
    auto agent = agent_b();
    agent.connected = false;
    const auto member = member_of_agent(agent, MemberKind::data, "postgresql");
    ASSERT_FALSE(member);
    EXPECT_NE(member.error().message.find("agent b on host host-b is not connected"),
              std::string::npos);
}

TEST(MemberOfAgent, IsRefusedForAnotherEngine) {
    const auto member = member_of_agent(agent_b(), MemberKind::data, "mysql");
    ASSERT_FALSE(member);
    EXPECT_NE(member.error().message.find("postgresql"), std::string::npos);
}

TEST(SharedFate, IsToldForOneHostAndForOneZone) {
    auto record = fixture::solo_record();
    EXPECT_TRUE(shared_fates(record).empty());
    record.members.at("b").zone = "zone-a";
    ASSERT_EQ(shared_fates(record).size(), 1U);
    EXPECT_NE(shared_fates(record)[0].find("one zone (zone-a)"), std::string::npos);
    record.members.at("b").host = "host-a";
    ASSERT_EQ(shared_fates(record).size(), 1U);
    EXPECT_NE(shared_fates(record)[0].find("one host (host-a)"), std::string::npos);
}

} // namespace
} // namespace lockstep
