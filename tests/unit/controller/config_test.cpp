#include "controller/config.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

const std::string complete = R"(state_dir = "/var/lib/lockstep/controller"
[listen]
agents = "10.77.0.1:7400"
api = "10.77.0.1:7443"
[dns]
zone = "db.example.test"
listen = ["10.77.0.1:53"]
)";

/// What is said of a file in which `from` was replaced by `to`.
std::string mistake_in(const std::string& from, const std::string& to) {
    auto text = complete;
    text.replace(text.find(from), from.size(), to);
    const auto parsed = parse_controller_config(text, "controller.toml");
    return parsed ? "accepted" : parsed.error().message;
}

TEST(ControllerConfig, ReadsACompleteFile) {
    const auto config = parse_controller_config(complete, "controller.toml");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->state_dir, "/var/lib/lockstep/controller");
    EXPECT_EQ(config->identity_dir, "/var/lib/lockstep/controller/identity");
    EXPECT_EQ(config->agents.port, 7400);
    EXPECT_EQ(config->api.port, 7443);
    EXPECT_EQ(config->zone, "db.example.test");
    ASSERT_EQ(config->dns.size(), 1U);
    EXPECT_EQ(config->dns[0].address, "10.77.0.1");
}

TEST(ControllerConfig, SaysWhereAnUnknownKeyIs) {
    const auto said = mistake_in("[dns]\n", "[dns]\nttl = 5\n");
    EXPECT_NE(said.find("controller.toml:6:1"), std::string::npos) << said;
    EXPECT_NE(said.find("ttl"), std::string::npos) << said;
}

TEST(ControllerConfig, SaysWhereATypeIsWrong) {
    const auto said = mistake_in("\"10.77.0.1:7443\"", "7443");
    EXPECT_NE(said.find("controller.toml:4:"), std::string::npos) << said;
    EXPECT_NE(said.find("api"), std::string::npos) << said;
}

TEST(ControllerConfig, WantsAZone) {
    const auto said = mistake_in("zone = \"db.example.test\"\n", "");
    EXPECT_NE(said.find("zone"), std::string::npos) << said;
}

TEST(ControllerConfig, RefusesAddressesThatNobodyCanDial) {
    EXPECT_NE(mistake_in("10.77.0.1:7400", "0.0.0.0:7400").find("names every address"),
              std::string::npos);
    EXPECT_NE(mistake_in("10.77.0.1:53", "[::]:53").find("names every address"), std::string::npos);
    EXPECT_NE(mistake_in("10.77.0.1:7443", "localhost:7443").find("controller.toml:4:"),
              std::string::npos);
}

TEST(ControllerConfig, TellsAllMistakesAtOnce) {
    const auto said = mistake_in("agents = \"10.77.0.1:7400\"\napi = \"10.77.0.1:7443\"\n",
                                 "agents = 1\napi = 2\n");
    EXPECT_NE(said.find("controller.toml:3:"), std::string::npos) << said;
    EXPECT_NE(said.find("controller.toml:4:"), std::string::npos) << said;
}

/// A file with another publisher, whose key is in `folder`.
std::string with_rfc2136(const TemporaryFolder& folder, const std::string& more = {}) {
    const auto key = folder / "lockstep.key";
    std::ofstream(key) << "hmac-sha512 lockstep c2VjcmV0c2VjcmV0\n";
    std::filesystem::permissions(key, std::filesystem::perms(0600));
    return complete + "[[dns.rfc2136]]\nserver = \"10.77.0.2:53\"\nzone = \"example.test\"\n" +
           "key_file = \"" + key.string() + "\"\n" + more;
}

std::string mistakes_of(const std::string& text) {
    const auto parsed = parse_controller_config(text, "controller.toml");
    return parsed ? "" : parsed.error().message;
}

TEST(ControllerConfig, ReadsPublishersBesideTheEmbeddedOne) {
    const TemporaryFolder folder;
    const auto config = parse_controller_config(
        with_rfc2136(folder, "servers = [\"10.77.0.3:5353\"]\nservers_port = 5353\n"
                             "resolver = \"[2001:db8::1]:53\"\n"),
        "controller.toml");
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_EQ(config->rfc2136.size(), 1U);
    const auto& one = config->rfc2136.front();
    EXPECT_EQ(one.server.address, "10.77.0.2");
    EXPECT_EQ(one.zone, "example.test");
    EXPECT_EQ(one.key.name(), "lockstep");
    EXPECT_EQ(one.key.algorithm(), "hmac-sha512");
    EXPECT_EQ(one.servers.front().port, 5353);
    EXPECT_EQ(one.servers_port, 5353);
    EXPECT_EQ(one.resolver->address, "2001:db8::1");
}

TEST(ControllerConfig, SaysWhereAPublisherIsWrong) {
    const TemporaryFolder folder;
    const auto good = with_rfc2136(folder);
    ASSERT_EQ(mistakes_of(good), "");
    const auto expect = [&](const std::string& from, const std::string& to,
                            const std::string& place, const std::string& what) {
        auto text = good;
        text.replace(text.find(from), from.size(), to);
        const auto said = mistakes_of(text);
        EXPECT_NE(said.find("controller.toml:" + place), std::string::npos) << said;
        EXPECT_NE(said.find(what), std::string::npos) << said;
    };
    expect("\"10.77.0.2:53\"", "\"ns1.example.test\"", "9:", "dns.rfc2136[1].server");
    expect("\"10.77.0.2:53\"", "\"0.0.0.0:53\"", "9:", "names every address");
    expect("zone = \"example.test\"\n", "", "8:", "\"dns.rfc2136[1].zone\" is missing");
    expect("lockstep.key", "other.key", "11:", "cannot be used");
    expect("key_file", "key-file", "11:1", "did you mean \"key_file\"");
    expect("[[dns.rfc2136]]", "[dns.rfc2136]", "8:", "[[dns.rfc2136]]");
    expect("server = \"10.77.0.2:53\"", "server = 7", "9:", "server");
    const auto second = good.substr(good.find("[[dns.rfc2136]]"));
    EXPECT_NE(mistakes_of(good + second).find("another [[dns.rfc2136]] already"),
              std::string::npos);
}

TEST(ControllerConfig, TakesNoKeyThatEverybodyMayReadAndNeverTellsIt) {
    const TemporaryFolder folder;
    const auto text = with_rfc2136(folder);
    std::filesystem::permissions(folder / "lockstep.key", std::filesystem::perms(0644));
    const auto said = mistakes_of(text);
    EXPECT_NE(said.find("controller.toml:11:"), std::string::npos) << said;
    EXPECT_NE(said.find("chmod o="), std::string::npos) << said;
    EXPECT_EQ(said.find("c2VjcmV0"), std::string::npos) << said;
}

TEST(ZoneName, AllowsHostNameLabels) {
    EXPECT_TRUE(parse_zone_name("db.example.test"));
    EXPECT_TRUE(parse_zone_name("db"));
    EXPECT_TRUE(parse_zone_name("7.x-y.org"));
}

TEST(ZoneName, RefusesWhatNoClientCouldResolve) {
    for (const auto* wrong : {"", ".", "db.", ".db", "a..b", "Db.example", "d_b.example", "-a.b",
                              "a-.b", "a b", "db.exämple"}) {
        EXPECT_FALSE(parse_zone_name(wrong)) << wrong;
    }
    EXPECT_FALSE(parse_zone_name(std::string(64, 'a') + ".org"));
    EXPECT_FALSE(parse_zone_name(std::string(201, 'a')));
}

} // namespace
} // namespace lockstep
