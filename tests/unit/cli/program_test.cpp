#include <gtest/gtest.h>

#include "tests/support/api_samples.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

TEST(Program, HelpTellsExitStatusesAndWhereItLooks) {
    CliRun cli;
    EXPECT_EQ(cli.run({"--help"}), 0);
    const auto text = cli.out.str();
    EXPECT_TRUE(contains(text, "6  `status`: a pair is not in sync, or in alarm")) << text;
    EXPECT_TRUE(contains(text, "LOCKSTEP_CONTROLLER")) << text;
}

TEST(Program, HelpOfEachVerbHasExamples) {
    const std::vector<std::vector<std::string>> verbs = {{"status"},
                                                         {"events"},
                                                         {"pair", "create"},
                                                         {"pair", "show"},
                                                         {"pair", "delete"},
                                                         {"member", "add"},
                                                         {"member", "remove"},
                                                         {"failover"},
                                                         {"switchover"},
                                                         {"pause"},
                                                         {"resume"},
                                                         {"ca", "init"},
                                                         {"pair", "protect"},
                                                         {"pair", "unprotect"},
                                                         {"snapshot", "forget"},
                                                         {"token", "create"},
                                                         {"agents"},
                                                         {"explain"},
                                                         {"completion"}};
    for (auto verb : verbs) {
        CliRun cli;
        const auto example = "  lockstep " + verb.front();
        verb.emplace_back("--help");
        EXPECT_EQ(cli.run(verb), 0);
        EXPECT_TRUE(contains(cli.out.str(), "Examples:")) << cli.out.str();
        EXPECT_TRUE(
            contains(cli.out.str(), verb.front() == "completion" ? "lockstep completion" : example))
            << cli.out.str();
    }
}

TEST(Program, HelpFitsTheScreen) {
    CliRun cli;
    cli.width = 80;
    cli.run({"pair", "create", "--help"});
    std::istringstream lines(cli.out.str());
    for (std::string line; std::getline(lines, line) && line != "Examples:";) {
        EXPECT_LE(line.size(), 80U) << line;
    }
}

TEST(Program, AnUnknownVerbIsAnsweredWithThoseThereAre) {
    CliRun cli;
    EXPECT_EQ(cli.run({"statsu"}), 2);
    EXPECT_TRUE(contains(cli.err.str(), "there is no verb \"statsu\"; verbs: status, events"))
        << cli.err.str();
    EXPECT_EQ(cli.run({"pair", "list"}), 2);
    EXPECT_TRUE(contains(cli.err.str(), "verbs: create, show, protect, unprotect, delete"))
        << cli.err.str();
}

TEST(Program, MistakesEndWith2AndSayWhereToReadOn) {
    const std::vector<std::vector<std::string>> mistakes = {
        {},
        {"pair"},
        {"pair", "create", "shop"},
        {"pair", "create", "Shop", "--primary", "a", "--standby", "b"},
        {"pair", "create", "shop", "--primary", "a", "--standby", "b", "--ttl", "31"},
        {"pair", "create", "shop", "--primary", "a", "--standby", "b", "--profile", "moon"},
        {"pair", "create", "shop", "--primary", "a", "--standby", "a"},
        {"status", "shop", "books"},
        {"status", "../tokens"},
        {"member", "add", "shop", "a/b"},
        {"events", "--limit", "0"},
        {"--timeout", "0", "status"},
        {"completion", "fish"},
        {"--nonsense"}};
    for (const auto& mistake : mistakes) {
        CliRun cli;
        EXPECT_EQ(cli.run(mistake), 2) << cli.err.str();
        EXPECT_FALSE(cli.err.str().empty());
        EXPECT_EQ(cli.out.str(), "");
        EXPECT_TRUE(cli.api->requests.empty());
    }
}

TEST(Program, GlobalOptionsMayStandAfterTheVerb) {
    CliRun cli;
    cli.answers("GET /v1/agents", R"({"agents":[]})");
    EXPECT_EQ(cli.run({"agents", "--json", "--controller", "10.0.0.9:1", "--identity", "/i"}), 0)
        << cli.err.str();
    EXPECT_EQ(cli.connected_to.controller.address, "10.0.0.9");
    EXPECT_EQ(cli.connected_to.identity, "/i");
    EXPECT_EQ(cli.out.str(), "{\"agents\":[]}\n");
}

TEST(Program, TimeoutBoundsEachCall) {
    CliRun cli;
    cli.answers("GET /v1/agents", R"({"agents":[]})");
    cli.run({"agents"});
    cli.run({"agents", "--timeout", "3"});
    EXPECT_EQ(cli.api->within.at(0), std::chrono::seconds{10});
    EXPECT_EQ(cli.api->within.at(1), std::chrono::seconds{3});
}

TEST(Program, AControllerThatGivesNoAnswerEndsWith3AndItsAddress) {
    for (const auto code : {Errc::unreachable, Errc::timeout, Errc::refused}) {
        CliRun cli;
        cli.fails("GET /v1/status", code, "trouble");
        EXPECT_EQ(cli.run({"status"}), 3);
        EXPECT_TRUE(contains(cli.err.str(), "10.77.0.1:7443")) << cli.err.str();
        EXPECT_EQ(cli.out.str(), "");
    }
}

TEST(Program, AChangeThatTimedOutMayHaveHappened) {
    CliRun cli;
    cli.fails("POST /v1/pairs/shop/pause", Errc::timeout, "no answer");
    EXPECT_EQ(cli.run({"pause", "shop"}), 3);
    EXPECT_TRUE(contains(cli.err.str(), "may have been made all the same")) << cli.err.str();
}

TEST(Program, HttpStatusesBecomeExitStatuses) {
    const std::map<int, int> wanted = {{400, 2}, {403, 1}, {404, 4}, {409, 1}, {500, 1}, {504, 5}};
    for (const auto& [http, status] : wanted) {
        CliRun cli;
        cli.refuses("GET /v1/status", http, "no");
        EXPECT_EQ(cli.run({"status"}), status) << http;
        EXPECT_EQ(cli.err.str(), "lockstep: no\n");
    }
}

TEST(Program, AnAnswerThatCannotBeReadIsOneClearLine) {
    for (const auto* body : {"not json", "{}", R"({"zone":1,"pairs":[],"agents":[]})", "[]"}) {
        CliRun cli;
        cli.answers("GET /v1/status", body);
        EXPECT_EQ(cli.run({"status"}), 1);
        EXPECT_TRUE(contains(cli.err.str(), "cannot read the controller's answer"))
            << cli.err.str();
    }
}

} // namespace
} // namespace lockstep::cli
