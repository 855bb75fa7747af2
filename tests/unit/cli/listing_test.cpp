#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <regex>

#include "tests/support/api_samples.h"
#include "tests/support/cli_run.h"
#include "tests/support/temporary_folder.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

TEST(Events, ShowsTimeMemberSeverityKindAndMessage) {
    CliRun cli;
    cli.answers("GET /v1/events", json{{"events", {samples::event(7, "alarm", "a died")}}}.dump());
    EXPECT_EQ(cli.run({"events", "shop", "--limit", "5"}), 0);
    EXPECT_EQ(cli.out.str(),
              "TIME                      PAIR      MEMBER  SEVERITY  KIND            MESSAGE\n"
              "2026-11-22T21:33:20.123Z  shop      a       alarm     promote         a died\n");
    EXPECT_EQ(
        cli.api->requests.at(0).query,
        (std::map<std::string, std::string>{{"after", "0"}, {"limit", "5"}, {"pair", "shop"}}));
}

TEST(Events, AreOneLineEachWhenPiped) {
    CliRun cli;
    const std::string message(300, 'm');
    cli.answers("GET /v1/events", json{{"events", {samples::event(7, "info", message)}}}.dump());
    cli.run({"events"});
    EXPECT_TRUE(contains(cli.out.str(), message)) << cli.out.str();
    cli.on_terminal = true;
    cli.run({"events"});
    EXPECT_FALSE(contains(cli.out.str(), message)) << cli.out.str();
}

TEST(Events, FollowAsksForWhatCameAfter) {
    CliRun cli;
    cli.answers("GET /v1/events", json{{"events", {samples::event(7, "info", "one")}}}.dump());
    cli.answers("GET /v1/events", json{{"events", json::array()}}.dump());
    cli.answers("GET /v1/events", json{{"events", {samples::event(9, "info", "two")}}}.dump());
    cli.refuses("GET /v1/events", 403, "enough"); // Ends the test.
    EXPECT_EQ(cli.run({"events", "--follow"}), 1);
    ASSERT_EQ(cli.api->requests.size(), 4U);
    EXPECT_EQ(cli.api->requests[1].query.at("after"), "7");
    EXPECT_EQ(cli.api->requests[3].query.at("after"), "9");
    EXPECT_EQ(cli.clock.sleeps, 3);
    const auto text = cli.out.str();
    EXPECT_EQ(text.find("TIME"), text.rfind("TIME")) << "titles once";
    EXPECT_TRUE(contains(text, "two")) << text;
}

TEST(Events, FollowOutlivesAControllerThatIsAway) {
    CliRun cli;
    cli.answers("GET /v1/events", json{{"events", json::array()}}.dump());
    cli.fails("GET /v1/events", Errc::unreachable, "Connection refused");
    cli.fails("GET /v1/events", Errc::unreachable, "Connection refused");
    cli.answers("GET /v1/events", json{{"events", {samples::event(9, "info", "back")}}}.dump());
    cli.refuses("GET /v1/events", 403, "enough");
    EXPECT_EQ(cli.run({"events", "--follow"}), 1);
    EXPECT_TRUE(contains(cli.out.str(), "back")) << cli.out.str();
    const auto told = cli.err.str();
    EXPECT_EQ(told.find("Trying again"), told.rfind("Trying again")) << told;
}

TEST(Events, FollowWithJsonPrintsAnObjectALine) {
    CliRun cli;
    cli.answers(
        "GET /v1/events",
        json{{"events", {samples::event(7, "info", "one"), samples::event(8, "info", "two")}}}
            .dump());
    cli.refuses("GET /v1/events", 403, "enough");
    cli.run({"events", "--follow", "--json"});
    std::istringstream lines(cli.out.str());
    int id = 7;
    for (std::string line; std::getline(lines, line); ++id) {
        EXPECT_EQ(json::parse(line).at("id"), id);
    }
    EXPECT_EQ(id, 9);
}

const char* const incident_route = "GET /v1/pairs/shop/incident";
const char* const incident =
    R"({"format":"lockstep-incident","version":1,"pair":"shop","entries":[{"view":1},{"view":2}]})";

TEST(Incident, IsALineForTheHeaderAndOneForEachInput) {
    CliRun cli;
    cli.answers(incident_route, incident);
    EXPECT_EQ(cli.run({"incident", "export", "shop", "--since", "5"}), 0) << cli.err.str();
    EXPECT_EQ(cli.out.str(), R"({"format":"lockstep-incident","pair":"shop","version":1})"
                             "\n{\"view\":1}\n{\"view\":2}\n");
    EXPECT_EQ(cli.api->requests.at(0).query.at("since"), "5");
}

TEST(Incident, IsWrittenToAFile) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "shop.jsonl";
    CliRun cli;
    cli.answers(incident_route, incident);
    EXPECT_EQ(cli.run({"incident", "export", "shop", "--output", file.string()}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "2 inputs of shop are in " + file.string()))
        << cli.out.str();
    std::ifstream written(file);
    std::string line;
    int lines = 0;
    while (std::getline(written, line)) {
        ++lines;
    }
    EXPECT_EQ(lines, 3);
    EXPECT_EQ(cli.run({"incident", "export", "shop", "--output", "/nowhere/shop.jsonl"}), 1);
    EXPECT_TRUE(contains(cli.err.str(), "/nowhere/shop.jsonl cannot be written")) << cli.err.str();
}

TEST(Incident, SaysWhenTheAnswerIsNone) {
    CliRun cli;
    cli.answers(incident_route, "{}");
    EXPECT_EQ(cli.run({"incident", "export", "shop"}), 1);
    EXPECT_TRUE(contains(cli.err.str(), "cannot be read")) << cli.err.str();
}

TEST(Agents, ListsThemWithTheirPair) {
    CliRun cli;
    auto silent = samples::agent("c", nullptr);
    silent["connected"] = false;
    silent["silent_ms"] = 12000;
    cli.answers("GET /v1/agents", json{{"agents", {samples::agent("a", "shop"), silent}}}.dump());
    EXPECT_EQ(cli.run({"agents"}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "a       shop  zone-a")) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "silent for 12 s")) << cli.out.str();
}

json rules() {
    return {{"rules",
             {{{"from", "solo"},
               {"condition", "candidate_ready"},
               {"action", "grant"},
               {"to", "granted"},
               {"because", "a standby has caught up"}},
              {{"from", "solo"},
               {"condition", "otherwise"},
               {"action", "stay"},
               {"to", "solo"},
               {"because", "the primary is \"alone\""}}}}};
}

TEST(Explain, PrintsTheRulesByPhase) {
    CliRun cli;
    cli.answers("GET /v1/rules", rules().dump());
    EXPECT_EQ(cli.run({"explain"}), 0);
    const auto text = cli.out.str();
    EXPECT_TRUE(contains(text, "\nsolo\n  WHEN")) << text;
    EXPECT_TRUE(
        contains(text, "candidate ready       grant      granted    a standby has caught up"))
        << text;
    EXPECT_TRUE(contains(text, "otherwise             stay       stays")) << text;
}

TEST(Explain, DrawsOnlyWhatChangesSomething) {
    CliRun cli;
    cli.answers("GET /v1/rules", rules().dump());
    EXPECT_EQ(cli.run({"explain", "--dot"}), 0);
    const auto text = cli.out.str();
    EXPECT_TRUE(contains(text, "\"solo\" -> \"granted\" [label=\"candidate ready / grant\""))
        << text;
    EXPECT_FALSE(contains(text, "otherwise")) << text;
}

TEST(Completion, KnowsEveryVerbAndOption) {
    CliRun cli;
    cli.api->script.clear();
    EXPECT_EQ(cli.run({"completion", "bash"}), 0);
    const auto text = cli.out.str();
    for (const auto* part :
         {"/pair/create ", "'/failover') words='--to --accept-data-loss --fenced-by",
          "--when-standby-lost) COMPREPLY=( $(compgen -W 'continue wait'",
          "--identity) COMPREPLY=( $(compgen -d", "complete -F _lockstep lockstep"}) {
        EXPECT_TRUE(contains(text, part)) << part << "\n" << text;
    }
}

/// What bash offers after these words, by the script that the program prints.
std::string completed(const std::string& words) {
    CliRun cli;
    cli.run({"completion", "bash"});
    TemporaryFolder folder;
    std::ofstream(folder / "script") << cli.out.str() << "COMP_WORDS=(" << words << ")\n"
                                     << "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                                     << "_lockstep\necho -n \"${COMPREPLY[*]}\"\n";
    const auto command = "bash " + (folder / "script").string();
    auto* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> offered{};
    const auto size = std::fread(offered.data(), 1, offered.size(), pipe);
    EXPECT_EQ(pclose(pipe), 0);
    return {offered.data(), size};
}

TEST(Completion, OffersInBashWhatMayFollow) {
    EXPECT_EQ(completed("lockstep pa"), "pair pause");
    EXPECT_TRUE(completed("lockstep pair ''").starts_with("create show protect unprotect delete"));
    EXPECT_EQ(completed("lockstep --json failover shop --ac"), "--accept-data-loss");
    EXPECT_EQ(completed("lockstep pair create shop --profile ''"), "lan wan");
    EXPECT_EQ(completed("lockstep status --jso"), "--json");
    EXPECT_EQ(completed("lockstep pair create shop --ttl ''"), "");
}

std::string document(const std::string& name) {
    std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) + "/docs/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Documentation, TellsEveryOptionAndVerb) {
    CliRun cli;
    cli.run({"completion", "bash"});
    const auto script = cli.out.str();
    const auto page = document("cli.md");
    const std::regex option("--[a-z][a-z-]+");
    for (std::sregex_iterator it(script.begin(), script.end(), option), end; it != end; ++it) {
        EXPECT_TRUE(contains(page, it->str())) << it->str();
    }
    const std::regex path(" /([a-z]+)(?:/([a-z]+))?(?= )");
    for (std::sregex_iterator it(script.begin(), script.end(), path), end; it != end; ++it) {
        const auto verb = it->str(2).empty() ? it->str(1) : it->str(1) + " " + it->str(2);
        EXPECT_TRUE(contains(page, "`" + verb)) << verb;
    }
}

} // namespace
} // namespace lockstep::cli
