#include "controller/config.h"

#include <gtest/gtest.h>

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
