#include <gtest/gtest.h>

#include "tests/support/api_samples.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

json after_switchover() {
    auto pair = samples::pair();
    pair["epoch"] = 4;
    pair["revision"] = 121;
    pair["primary"] = "b";
    pair["standby"] = "a";
    return pair;
}

json under_way() {
    auto pair = samples::pair();
    pair["revision"] = 119;
    pair["because"] = "an operator asked for a switchover: a's server stops";
    pair["intent"] = {{"kind", "switch_over"}, {"member", "b"}};
    return pair;
}

TEST(Switchover, WaitsUntilTheOtherMemberServesAndShowsHowFarItIs) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/switchover", samples::changed(119, 3).dump());
    cli.answers("GET /v1/pairs/shop", under_way().dump());
    cli.answers("GET /v1/pairs/shop", after_switchover().dump());
    EXPECT_EQ(cli.run({"switchover", "shop"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.err.str(), "a's server stops")) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "b is the primary of shop now (epoch 4)")) << cli.out.str();
    EXPECT_EQ(cli.api->requests.at(0).body, R"({"to":""})");
}

TEST(Switchover, NamesItsTarget) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/switchover", samples::changed(119, 3).dump());
    EXPECT_EQ(cli.run({"switchover", "shop", "--to", "b", "--no-wait"}), 0) << cli.err.str();
    EXPECT_EQ(cli.api->requests.at(0).body, R"({"to":"b"})");
    EXPECT_EQ(cli.api->requests.size(), 1U);
}

TEST(Switchover, TellsWhyItWasGivenUp) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/switchover", samples::changed(119, 3).dump());
    auto dropped = samples::pair();
    dropped["revision"] = 120;
    cli.answers("GET /v1/pairs/shop", dropped.dump());
    const json event = {{"id", 7},
                        {"unix_ms", 1},
                        {"time", "now"},
                        {"pair", "shop"},
                        {"member", "a"},
                        {"revision", 119},
                        {"kind", "cancel"},
                        {"severity", "warning"},
                        {"message", "the switchover is given up: b does not answer"}};
    cli.answers("GET /v1/events", json{{"events", json::array({event})}}.dump());
    EXPECT_EQ(cli.run({"switchover", "shop"}), 1);
    EXPECT_TRUE(contains(cli.err.str(), "a goes on: the switchover is given up: b does not answer"))
        << cli.err.str();
}

TEST(Switchover, RefusedSaysWhyAndEndsWith1) {
    CliRun cli;
    cli.refuses("POST /v1/pairs/shop/switchover", 409, "no switchover now: shop is solo");
    EXPECT_EQ(cli.run({"switchover", "shop"}), 1);
    EXPECT_EQ(cli.err.str(), "lockstep: no switchover now: shop is solo\n");
}

} // namespace
} // namespace lockstep::cli
