#include <gtest/gtest.h>

#include "tests/support/api_samples.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

using testing::Test;

/// Lines longer than the screen.
std::size_t too_long(const std::string& text, std::size_t width) {
    std::size_t count = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        count += line.size() > width ? 1U : 0U;
    }
    return count;
}

TEST(Status, ShowsAPairInFull) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    EXPECT_EQ(cli.run({"status", "shop"}), 0) << cli.err.str();
    EXPECT_EQ(cli.out.str(),
              R"(shop | in sync | postgresql | epoch 3 | revision 118
  primary and standby in step

    a (zone-a) == every commit ==> b (zone-b)

  NAME                     ADDRESS        LEADS TO    STATE      TTL
  shop.db.example.test     -> 10.77.0.11  a, primary  published  2 s
  shop-ro.db.example.test  -> 10.77.0.12  b, standby  published  2 s

  MEMBER  ROLE     IN SYNC  SERVER   ZONE    HOST    ADDRESS          LAG  AGENT
  a       primary  yes      primary  zone-a  host-a  10.77.0.11:5432  -    ok
  b       standby  yes      standby  zone-b  host-b  10.77.0.12:5432  0 B  ok
  When the standby is lost the primary goes on alone (profile lan).
)");
}

TEST(Status, SaysThatAPairIsProtectedOrIsToBeDeleted) {
    CliRun cli;
    auto pair = samples::pair();
    pair["deletion_protection"] = true;
    pair["deletion"] = {
        {"final_snapshot", "shop-9"}, {"asked_by", "grace"}, {"asked_time", "2026-11-26T09:01Z"}};
    cli.answers("GET /v1/pairs/shop", pair.dump());
    EXPECT_EQ(cli.run({"status", "shop"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "not deleted before `lockstep pair unprotect shop`"))
        << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "deleted once its final snapshot shop-9 is taken"))
        << cli.out.str();
}

TEST(Status, EndsWith6WhenAPairIsNotInSync) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop", samples::solo().dump());
    EXPECT_EQ(cli.run({"status", "shop"}), 6);
    EXPECT_TRUE(contains(cli.out.str(), "no standby in sync")) << cli.out.str();
}

TEST(Status, EndsWith6WhenAPairInSyncIsInAlarm) {
    CliRun cli;
    auto pair = samples::pair();
    pair["alarm"] = true;
    pair["because"] = "the store and an agent disagree about this pair";
    cli.answers("GET /v1/status", samples::status(nlohmann::json::array({pair})).dump());
    EXPECT_EQ(cli.run({"status"}), 6);
    EXPECT_TRUE(contains(cli.out.str(), "shop: ALARM: the store and an agent disagree"))
        << cli.out.str();
}

TEST(Status, ListsAllPairsInATable) {
    CliRun cli;
    auto other = samples::pair();
    other["pair"] = "books";
    cli.answers("GET /v1/status", samples::status({samples::pair(), other}).dump());
    EXPECT_EQ(cli.run({"status"}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "shop   in sync  a        b")) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "books  in sync")) << cli.out.str();
}

TEST(Status, SaysWhatToDoWhenThereIsNoPairYet) {
    CliRun cli;
    cli.answers("GET /v1/status", samples::status(nlohmann::json::array()).dump());
    EXPECT_EQ(cli.run({"status"}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "lockstep pair create")) << cli.out.str();
}

TEST(Status, HandsTheJsonThrough) {
    CliRun cli;
    const auto body = samples::solo().dump();
    cli.answers("GET /v1/pairs/shop", body);
    EXPECT_EQ(cli.run({"status", "shop", "--json"}), 6);
    EXPECT_EQ(cli.out.str(), body + "\n");
}

TEST(Status, FitsANarrowScreen) {
    CliRun cli;
    cli.width = 80;
    auto pair = samples::pair();
    pair["because"] = "a reason with so many words that it cannot stand on one line of the screen, "
                      "whatever is done";
    pair["members"][1]["host"] = "a-host-with-a-name-that-somebody-thought-was-short.example.test";
    pair["members"][1]["alarms"] = {"the disk of this member is nearly full: 1 % is left, and the "
                                    "log of the primary is kept for it"};
    cli.answers("GET /v1/pairs/shop", pair.dump());
    cli.answers("GET /v1/status", samples::status(nlohmann::json::array({pair})).dump());
    cli.run({"status", "shop"});
    EXPECT_EQ(too_long(cli.out.str(), cli.width), 0U) << cli.out.str();
    cli.run({"status"});
    EXPECT_EQ(too_long(cli.out.str(), cli.width), 0U) << cli.out.str();
}

TEST(Status, TellsNotesOfMembersInSentences) {
    CliRun cli;
    auto pair = samples::pair();
    pair["members"][0]["rpo_notes"] = {"RPO 0 not in force for role batch"};
    pair["members"][1]["connected"] = false;
    pair["members"][1]["silent_ms"] = 65000;
    pair["endpoint"]["laggards"] = {"ns-b (10.0.0.2:53): timeout"};
    cli.answers("GET /v1/pairs/shop", pair.dump());
    cli.run({"status", "shop"});
    const auto text = cli.out.str();
    EXPECT_TRUE(contains(text, "* a: RPO 0 not in force for role batch\n")) << text;
    EXPECT_TRUE(contains(text, "last heard of 1 min 5 s ago")) << text;
    EXPECT_TRUE(contains(text, "Does not answer with the new address yet: ns-b")) << text;
}

TEST(Status, ShowsEachPublisherWhereThereAreSeveral) {
    CliRun cli;
    auto pair = samples::pair();
    cli.answers("GET /v1/pairs/shop", pair.dump());
    cli.run({"status", "shop"});
    EXPECT_FALSE(contains(cli.out.str(), "BY")) << cli.out.str();

    CliRun several;
    pair["endpoint"]["publishers"].push_back({{"publisher", "rfc2136 10.0.0.2:53"},
                                              {"name", "shop.example.test"},
                                              {"read_only_name", "shop-ro.example.test"},
                                              {"published", false},
                                              {"laggards", {"ns2: timeout"}}});
    pair["endpoint"]["published"] = false;
    several.width = 120;
    several.answers("GET /v1/pairs/shop", pair.dump());
    several.run({"status", "shop"});
    const auto text = several.out.str();
    EXPECT_TRUE(contains(text, "rfc2136 10.0.0.2:53")) << text;
    EXPECT_TRUE(contains(text, "shop-ro.example.test")) << text;
    EXPECT_TRUE(contains(text, "not published yet")) << text;
}

TEST(Status, ShowsTheLagInBytesOnlyOnOneHistory) {
    CliRun cli;
    auto pair = samples::pair();
    pair["members"][0]["position"] = 5000000;
    cli.answers("GET /v1/pairs/shop", pair.dump());
    cli.run({"status", "shop"});
    EXPECT_TRUE(contains(cli.out.str(), "4.7 MiB")) << cli.out.str();

    CliRun counted;
    auto other = pair;
    other["members"][0]["unit"] = other["members"][1]["unit"] = "transactions";
    counted.answers("GET /v1/pairs/shop", other.dump());
    counted.run({"status", "shop"});
    EXPECT_TRUE(contains(counted.out.str(), "4900000 tx")) << counted.out.str();

    CliRun diverged;
    pair["members"][1]["history"] = "2";
    diverged.answers("GET /v1/pairs/shop", pair.dump());
    diverged.run({"status", "shop"});
    EXPECT_TRUE(contains(diverged.out.str(), "other history")) << diverged.out.str();
}

TEST(Status, ReadsAMemberWhoseAgentNeverSpoke) {
    CliRun cli;
    auto pair = samples::solo();
    for (const auto* key :
         {"server", "position", "unit", "history", "stream", "job", "free_bytes"}) {
        pair["members"][1][key] = nullptr;
    }
    cli.answers("GET /v1/pairs/shop", pair.dump());
    EXPECT_EQ(cli.run({"status", "shop"}), 6) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "not known")) << cli.out.str();
}

TEST(Status, PaintsOnlyWhereThereAreColours) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop", samples::pair().dump());
    cli.run({"status", "shop"});
    EXPECT_FALSE(contains(cli.out.str(), "\033"));
    cli.colours = true;
    cli.run({"status", "shop"});
    EXPECT_TRUE(contains(cli.out.str(), "\033[32min sync\033[0m")) << cli.out.str();
}

TEST(Status, LetsNoAgentPaintTheTerminal) {
    CliRun cli;
    auto pair = samples::pair();
    pair["members"][0]["alarms"] = {"evil \033[2J screen"};
    pair["members"][0]["host"] = "h\033[31m";
    cli.answers("GET /v1/pairs/shop", pair.dump());
    cli.run({"status", "shop"});
    EXPECT_FALSE(contains(cli.out.str(), "\033")) << cli.out.str();
}

TEST(Status, EndsWith4WhenThereIsNoSuchPair) {
    CliRun cli;
    cli.refuses("GET /v1/pairs/shop", 404, "there is no pair shop");
    EXPECT_EQ(cli.run({"status", "shop"}), 4);
    EXPECT_EQ(cli.err.str(), "lockstep: there is no pair shop\n");
}

TEST(PairShow, EndsWith0InWhateverPhase) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop", samples::solo().dump());
    EXPECT_EQ(cli.run({"pair", "show", "shop"}), 0);
    EXPECT_TRUE(contains(cli.out.str(), "shop | solo")) << cli.out.str();
}

} // namespace
} // namespace lockstep::cli
