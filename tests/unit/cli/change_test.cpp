#include <gtest/gtest.h>

#include "tests/support/api_samples.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

const std::vector<std::string> create_words = {"pair", "create",    "shop", "--primary",
                                               "a",    "--standby", "b"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

json cloning(std::uint64_t done_bytes) {
    auto pair = samples::solo();
    pair["because"] = "b is being made";
    pair["members"][1]["job"] = {{"what", "cloning from a"},
                                 {"done_bytes", done_bytes},
                                 {"total_bytes", 4000000000ULL},
                                 {"running_for_ms", 1000}};
    return pair;
}

TEST(PairCreate, WaitsUntilThePairIsInSync) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    cli.answers("GET /v1/pairs/shop", cloning(1000000000).dump());
    cli.answers("GET /v1/pairs/shop", cloning(1250000000).dump());
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    EXPECT_EQ(cli.run(create_words), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "shop is in sync after 0.2 s: primary a, standby b."))
        << cli.out.str();
    const auto sent = json::parse(cli.api->requests.at(0).body);
    EXPECT_EQ(sent, json::parse(R"({"name":"shop","engine":"postgresql","primary":"a",
        "members":["a","b"],"policy":{"when_standby_lost":"continue","profile":"lan",
        "dns_ttl_seconds":2,"replace_after_seconds":600},"deletion_protection":false})"));
}

TEST(PairCreate, ShowsBytesRateAndTimeLeft) {
    CliRun cli;
    cli.on_terminal = true;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    cli.answers("GET /v1/pairs/shop", cloning(1000000000).dump());
    cli.answers("GET /v1/pairs/shop", cloning(1250000000).dump());
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    cli.run(create_words);
    // 250 MB in the 100 ms between two looks; 2.75 GB are left.
    EXPECT_TRUE(contains(cli.err.str(), "b: cloning from a, 1.2 GiB of 3.7 GiB (31 %), "
                                        "2.3 GiB/s, 1.1 s left"))
        << cli.err.str();
    EXPECT_TRUE(cli.err.str().ends_with("\r\033[K")) << "the line is cleared at the end";
}

TEST(PairCreate, EndsWith5WhenPatienceEndsAndSaysThatTheWorkGoesOn) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    cli.answers("GET /v1/pairs/shop", samples::solo().dump());
    EXPECT_EQ(cli.run(with(create_words, {"--timeout", "7"})), 5);
    EXPECT_TRUE(contains(cli.err.str(), "waited for 7.0 s; shop is solo: standby is silent"))
        << cli.err.str();
    EXPECT_TRUE(contains(cli.err.str(), "The work goes on")) << cli.err.str();
}

TEST(PairCreate, OutlivesAControllerThatIsAwayForAWhile) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    cli.fails("GET /v1/pairs/shop", Errc::unreachable, "Connection refused");
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    EXPECT_EQ(cli.run(create_words), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.err.str(), "asking again")) << cli.err.str();
}

TEST(PairCreate, WithNoWaitAsksOnce) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    EXPECT_EQ(cli.run(with(create_words, {"--no-wait"})), 0);
    EXPECT_EQ(cli.api->requests.size(), 1U);
}

TEST(PairCreate, WithJsonPrintsNothingButJson) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    EXPECT_EQ(cli.run(with(create_words, {"--json"})), 0);
    EXPECT_EQ(json::parse(cli.out.str()), samples::pair());
}

TEST(PairCreate, IsProtectedWhenAsked) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    EXPECT_EQ(cli.run(with(create_words, {"--no-wait", "--deletion-protection"})), 0);
    EXPECT_EQ(json::parse(cli.api->requests.at(0).body).at("deletion_protection"), true);
}

TEST(PairCreate, WarnsOfALongTtl) {
    CliRun cli;
    cli.answers("POST /v1/pairs", samples::changed(4, 1).dump());
    EXPECT_EQ(cli.run(with(create_words, {"--no-wait", "--ttl", "20"})), 0);
    EXPECT_TRUE(contains(cli.err.str(), "TTL of 20 s")) << cli.err.str();
}

TEST(DryRun, IsPassedOnAndItsChangesAreTold) {
    const std::map<std::string, std::vector<std::string>> verbs = {
        {"POST /v1/pairs", create_words},
        {"DELETE /v1/pairs/shop", {"pair", "delete", "shop"}},
        {"POST /v1/pairs/shop/members", {"member", "add", "shop", "c"}},
        {"DELETE /v1/pairs/shop/members/b", {"member", "remove", "shop", "b"}},
        {"POST /v1/pairs/shop/failover", {"failover", "shop"}},
        {"POST /v1/pairs/shop/switchover", {"switchover", "shop"}},
        {"POST /v1/pairs/shop/pause", {"pause", "shop"}},
        {"POST /v1/pairs/shop/resume", {"resume", "shop"}},
        {"POST /v1/pairs/shop/protect", {"pair", "protect", "shop"}},
        {"POST /v1/pairs/shop/unprotect", {"pair", "unprotect", "shop"}},
        {"DELETE /v1/deleted-pairs/shop", {"snapshot", "forget", "shop"}},
        {"POST /v1/tokens", {"token", "create", "c"}}};
    for (const auto& [route, words] : verbs) {
        CliRun cli;
        cli.answers(route, samples::dry_run({"something would change"}).dump());
        EXPECT_EQ(cli.run(with(words, {"--dry-run"})), 0) << route << cli.err.str();
        ASSERT_EQ(cli.api->requests.size(), 1U) << route;
        EXPECT_EQ(cli.api->requests[0].query.at("dry_run"), "true") << route;
        EXPECT_EQ(cli.out.str(), "Dry run, nothing was changed. Without --dry-run:\n"
                                 "  - something would change\n");
    }
}

TEST(PairDelete, RefusesWithoutYesWhereNobodyCanAnswer) {
    CliRun cli;
    EXPECT_EQ(cli.run({"pair", "delete", "shop"}), 2);
    EXPECT_TRUE(contains(cli.err.str(), "--yes")) << cli.err.str();
    EXPECT_TRUE(cli.api->requests.empty());
}

TEST(PairDelete, AsksOnATerminalAndShowsWhatWouldGo) {
    CliRun cli;
    cli.in_is_terminal = true;
    cli.answers("DELETE /v1/pairs/shop", samples::dry_run({"the record would go"}).dump());
    cli.answers("DELETE /v1/pairs/shop", R"({"dry_run":false,"pair":"shop"})");
    cli.in.str("y\n");
    EXPECT_EQ(cli.run({"pair", "delete", "shop"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.err.str(), "the record would go")) << cli.err.str();
    ASSERT_EQ(cli.api->requests.size(), 2U);
    EXPECT_EQ(cli.api->requests[0].query.count("dry_run"), 1U);
    EXPECT_EQ(cli.api->requests[1].query.count("dry_run"), 0U);
}

TEST(PairDelete, AnythingButYesDeletesNothing) {
    for (const auto* answer : {"n\n", "\n", "", "yellow\n"}) {
        CliRun cli;
        cli.in_is_terminal = true;
        cli.answers("DELETE /v1/pairs/shop", samples::dry_run({"the record would go"}).dump());
        cli.in.str(answer);
        EXPECT_EQ(cli.run({"pair", "delete", "shop"}), 1);
        EXPECT_EQ(cli.api->requests.size(), 1U);
    }
}

TEST(PairDelete, WithYesAsksNothing) {
    CliRun cli;
    cli.answers("DELETE /v1/pairs/shop", R"({"dry_run":false,"pair":"shop"})");
    EXPECT_EQ(cli.run({"pair", "delete", "shop", "--yes"}), 0) << cli.err.str();
    EXPECT_EQ(cli.api->requests.size(), 1U);
}

TEST(PairProtect, SaysHowToGoBack) {
    CliRun cli;
    const auto* answer = R"({"dry_run":false,"pair":"shop","deletion_protection":true})";
    cli.answers("POST /v1/pairs/shop/protect", answer);
    EXPECT_EQ(cli.run({"pair", "protect", "shop"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "`lockstep pair unprotect shop`")) << cli.out.str();
    EXPECT_EQ(cli.run({"pair", "protect", "shop", "--json"}), 0);
    EXPECT_EQ(json::parse(cli.out.str()), json::parse(answer));
    cli.answers("POST /v1/pairs/shop/unprotect", answer);
    EXPECT_EQ(cli.run({"pair", "unprotect", "shop"}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "protected no longer")) << cli.out.str();
}

TEST(PairDelete, HandsOnWhatIsSaidOfTheFinalSnapshot) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{}, "{}"},
        {{"--skip-final-snapshot"}, R"({"skip_final_snapshot":true})"},
        {{"--final-snapshot", "last"}, R"({"final_snapshot":"last"})"}};
    for (const auto& [words, body] : cases) {
        CliRun cli;
        cli.answers("DELETE /v1/pairs/shop", R"({"dry_run":false,"pair":"shop"})");
        EXPECT_EQ(cli.run(with({"pair", "delete", "shop", "--yes"}, words)), 0) << cli.err.str();
        EXPECT_EQ(json::parse(cli.api->requests.at(0).body), json::parse(body));
    }
    CliRun cli;
    EXPECT_EQ(cli.run({"pair", "delete", "shop", "--yes", "--skip-final-snapshot",
                       "--final-snapshot", "last"}),
              2);
    EXPECT_EQ(cli.run({"pair", "delete", "shop", "--yes", "--final-snapshot", "a b"}), 2);
    EXPECT_TRUE(contains(cli.err.str(), "allowed are letters")) << cli.err.str();
    EXPECT_TRUE(cli.api->requests.empty());
}

TEST(PairDelete, SaysWhatTheControllerWants) {
    CliRun cli;
    cli.refuses("DELETE /v1/pairs/shop", 409, "pair shop is protected from deletion");
    EXPECT_EQ(cli.run({"pair", "delete", "shop", "--yes", "--skip-final-snapshot"}), 1);
    EXPECT_EQ(cli.err.str(), "lockstep: pair shop is protected from deletion\n");
}

json after_failover() {
    auto pair = samples::solo();
    pair["epoch"] = 4;
    pair["revision"] = 121;
    pair["primary"] = "b";
    pair["endpoint"]["address"] = "10.77.0.12";
    return pair;
}

TEST(Failover, WaitsUntilTheNewPrimaryServes) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/failover", samples::changed(119, 3).dump());
    auto asked = samples::pair();
    asked["revision"] = 119;
    asked["intent"] = {{"kind", "fail_over"}, {"member", "b"}};
    auto promoting = after_failover();
    promoting["served"] = false;
    promoting["phase"] = "promoting";
    cli.answers("GET /v1/pairs/shop", asked.dump());
    cli.answers("GET /v1/pairs/shop", promoting.dump());
    cli.answers("GET /v1/pairs/shop", after_failover().dump());
    EXPECT_EQ(cli.run({"failover", "shop"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "b is the primary of shop now (epoch 4), after 0.2 s."))
        << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "is in sync yet: `lockstep status shop`")) << cli.out.str();
}

TEST(Failover, WaitsOnWhileTheAnswerIsOlderThanTheRequest) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/failover", samples::changed(119, 3).dump());
    cli.answers("GET /v1/pairs/shop", samples::pair().dump()); // Still revision 118.
    cli.answers("GET /v1/pairs/shop", after_failover().dump());
    EXPECT_EQ(cli.run({"failover", "shop"}), 0) << cli.err.str();
}

TEST(Failover, EndsWhenTheControllerGivesItUp) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/failover", samples::changed(119, 3).dump());
    auto dropped = samples::solo();
    dropped["revision"] = 120;
    cli.answers("GET /v1/pairs/shop", dropped.dump());
    cli.answers("GET /v1/events", R"({"events":[]})"); // None tells why.
    EXPECT_EQ(cli.run({"failover", "shop"}), 1);
    EXPECT_TRUE(contains(cli.err.str(), "the failover of shop was given up; a goes on. "
                                        "`lockstep events shop` tells more."))
        << cli.err.str();
}

TEST(Failover, WithoutAStandbyInSyncSaysWhatAcceptingALossMeans) {
    CliRun cli;
    cli.refuses("POST /v1/pairs/shop/failover", 409, "no standby of shop is in sync");
    cli.answers("GET /v1/pairs/shop", samples::solo().dump());
    EXPECT_EQ(cli.run({"failover", "shop"}), 1);
    const auto text = cli.err.str();
    EXPECT_TRUE(contains(text, "no standby of shop is in sync")) << text;
    EXPECT_TRUE(contains(text, "--accept-data-loss  promotes")) << text;
    EXPECT_TRUE(contains(text, "--fenced-by TEXT    is your word")) << text;
}

TEST(Failover, RefusedForAnotherReasonSpeaksOfNoLoss) {
    CliRun cli;
    cli.refuses("POST /v1/pairs/shop/failover", 409, "b is the primary already");
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    EXPECT_EQ(cli.run({"failover", "shop"}), 1);
    EXPECT_EQ(cli.err.str(), "lockstep: b is the primary already\n");
}

TEST(Failover, AcceptsALossOnlyWithAllThree) {
    CliRun cli;
    EXPECT_EQ(cli.run({"failover", "shop", "--accept-data-loss"}), 2);
    EXPECT_EQ(cli.run({"failover", "shop", "--accept-data-loss", "--to", "b"}), 2);
    EXPECT_EQ(cli.run({"failover", "shop", "--fenced-by", "power off"}), 2);
    EXPECT_TRUE(cli.api->requests.empty());
    cli.answers("POST /v1/pairs/shop/failover", samples::changed(119, 3).dump());
    EXPECT_EQ(cli.run({"failover", "shop", "--accept-data-loss", "--to", "b", "--fenced-by",
                       "power off", "--no-wait"}),
              0)
        << cli.err.str();
    EXPECT_EQ(json::parse(cli.api->requests.at(0).body),
              json::parse(R"({"to":"b","accept_data_loss":true,"fenced_by":"power off"})"));
}

TEST(Member, IsAddedAsDataOrAsSpare) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/members", samples::changed(119, 3).dump());
    EXPECT_EQ(cli.run({"member", "add", "shop", "c"}), 0);
    EXPECT_EQ(cli.run({"member", "add", "shop", "d", "--spare"}), 0);
    EXPECT_EQ(cli.api->requests.at(0).body, R"({"kind":"data","member":"c"})");
    EXPECT_EQ(cli.api->requests.at(1).body, R"({"kind":"spare","member":"d"})");
}

TEST(Pause, SaysWhatStopsAndHowToGoOn) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/pause", samples::changed(119, 3).dump());
    EXPECT_EQ(cli.run({"pause", "shop"}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "`lockstep resume shop`")) << cli.out.str();
}

TEST(TokenCreate, PrintsTheTokenAloneOnStandardOutput) {
    CliRun cli;
    cli.answers("POST /v1/tokens",
                R"({"dry_run":false,"member":"c","token":"abc","expires_unix_ms":1795383200123})");
    EXPECT_EQ(cli.run({"token", "create", "c"}), 0);
    EXPECT_EQ(cli.out.str(), "abc\n");
    EXPECT_TRUE(contains(cli.err.str(), "lockstepd join --config /etc/lockstep/agent.toml"))
        << cli.err.str();
    EXPECT_FALSE(contains(cli.err.str(), "abc"));
}

} // namespace
} // namespace lockstep::cli
