#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/instant.h"
#include "cli/place.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

const std::string id = "shop-20261126t034500z-a1b2";

json snapshot() {
    return {{"id", id},
            {"kind", "manual"},
            {"engine", "postgresql"},
            {"version", "15.9"},
            {"taken_from", "b"},
            {"begun_time", "2026-11-26T03:45:00.123Z"},
            {"end_time", "2026-11-26T03:45:02.500Z"},
            {"bytes", 40U << 20U},
            {"data_bytes", 118U << 20U},
            {"proof", "checksummed"},
            {"proved_time", nullptr},
            {"restore_ms", 0},
            {"damage", ""},
            {"keep", false},
            {"tags", {{"why", "migration"}}}};
}

json of_pair(json snapshots, json jobs = json::array(), json orders = json::array(),
             json failures = json::array()) {
    return {{"pair", "shop"},
            {"deleted_time", nullptr},
            {"archiver", "b"},
            {"told", true},
            {"connected", true},
            {"repository", "/mnt/backup"},
            {"trouble", ""},
            {"restorable",
             {{"earliest_time", "2026-11-26T03:45:02.500Z"},
              {"latest_time", "2026-11-26T09:00:00.250Z"},
              {"gap", ""}}},
            {"snapshots", std::move(snapshots)},
            {"plan",
             {{"time", "2026-11-27T02:00:00.000Z"},
              {"takes", true},
              {"takes_bytes", 41U << 20U},
              {"why", "the backup window is open"},
              {"removals",
               {{{"id", "shop-20261119t020000z-ffff"},
                 {"bytes", 39U << 20U},
                 {"why", "it is older than 7 days"}}}},
              {"log_pieces", 12},
              {"log_bytes", 60U << 20U},
              {"kept_bytes", 3U << 30U},
              {"window",
               {{"time_zone", "Europe/Berlin"},
                {"present", "02:00-03:00"},
                {"quietest", "04:30-05:30"},
                {"present_bytes_per_second", 100000},
                {"quietest_bytes_per_second", 10000},
                {"why", "04:30-05:30: 10 kB are written a second on average, against 100 kB in "
                        "02:00-03:00"}}}}},
            {"jobs", std::move(jobs)},
            {"orders", std::move(orders)},
            {"failures", std::move(failures)}};
}

std::string answer(const json& pair) {
    return json{{"pairs", json::array({pair})}}.dump();
}

json order() {
    return {{"work", "take"}, {"id", id}, {"asked_by", "grace"}, {"asked_time", nullptr}};
}

json job(std::uint64_t done_bytes) {
    return {{"work", "take"},
            {"id", id},
            {"state", "running"},
            {"step", "copying"},
            {"done_bytes", done_bytes},
            {"total_bytes", 118U << 20U},
            {"trouble", ""}};
}

TEST(SnapshotCreate, WaitsUntilItIsTakenAndSaysHowLargeItIs) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/snapshots",
                json{{"dry_run", false}, {"id", id}, {"pair", "shop"}, {"work", "take"}}.dump());
    const auto path = "GET /v1/pairs/shop/snapshots";
    cli.answers(path, answer(of_pair(json::array(), {job(20U << 20U)}, {order()})));
    cli.answers(path, answer(of_pair({snapshot()})));
    EXPECT_EQ(cli.run({"snapshot", "create", "shop", "--tag", "why=migration"}), 0)
        << cli.err.str();
    EXPECT_EQ(json::parse(cli.api->requests.at(0).body), json({{"tags", {"why=migration"}}}));
    EXPECT_TRUE(contains(cli.out.str(), "is taken after 0.3 s: 40 MiB for 118 MiB of data"))
        << cli.out.str();
    EXPECT_TRUE(contains(cli.err.str(), "copying, 20 MiB of 118 MiB")) << cli.err.str();
}

TEST(SnapshotCreate, SaysWhyItFailed) {
    CliRun cli;
    cli.answers("POST /v1/pairs/shop/snapshots",
                json{{"dry_run", false}, {"id", id}, {"pair", "shop"}, {"work", "take"}}.dump());
    auto failure = order();
    failure["trouble"] = "no room in /mnt/backup";
    cli.answers("GET /v1/pairs/shop/snapshots",
                answer(of_pair(json::array(), json::array(), json::array(), {failure})));
    EXPECT_EQ(cli.run({"snapshot", "create", "shop"}), 1);
    EXPECT_TRUE(contains(cli.err.str(), "no room in /mnt/backup")) << cli.err.str();
}

const auto* const asked_for =
    R"({"dry_run":false,"pair":"shop","final_snapshot":"shop-20261126t034500z-a1b2"})";
const std::vector<std::string> delete_words = {"pair",  "delete",           "shop",
                                               "--yes", "--final-snapshot", "last"};

json deleted_pair() {
    auto final = snapshot();
    final["kind"] = "final";
    final["tags"] = {{"name", "last"}};
    auto pair = of_pair({final});
    pair["deleted_time"] = "2026-11-26T09:01:00.000Z";
    pair["told"] = false;
    return pair;
}

TEST(PairDelete, WaitsUntilTheFinalSnapshotIsTakenAndThePairIsGone) {
    CliRun cli;
    cli.answers("DELETE /v1/pairs/shop", asked_for);
    const auto path = "GET /v1/pairs/shop/snapshots";
    cli.answers(path, answer(of_pair(json::array(), {job(20U << 20U)}, {order()})));
    cli.answers(path, answer(deleted_pair()));
    EXPECT_EQ(cli.run(delete_words), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.err.str(), "copying, 20 MiB of 118 MiB")) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "Pair shop is deleted after 0.3 s")) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), id)) << cli.out.str();
}

TEST(PairDelete, SaysThatThePairStaysIfItsFinalSnapshotFails) {
    CliRun cli;
    cli.answers("DELETE /v1/pairs/shop", asked_for);
    auto failure = order();
    failure["trouble"] = "no room in /mnt/backup";
    cli.answers("GET /v1/pairs/shop/snapshots",
                answer(of_pair(json::array(), json::array(), json::array(), {failure})));
    EXPECT_EQ(cli.run(delete_words), 1);
    EXPECT_TRUE(contains(cli.err.str(), "no room in /mnt/backup")) << cli.err.str();
    EXPECT_EQ(cli.out.str(), "");
}

TEST(PairDelete, IsNotDoneWhileThePairIsThere) {
    CliRun cli;
    cli.answers("DELETE /v1/pairs/shop", asked_for);
    cli.answers("GET /v1/pairs/shop/snapshots", answer(of_pair({snapshot()})));
    EXPECT_EQ(cli.run(delete_words), 1);
    EXPECT_TRUE(contains(cli.err.str(), "pair shop is still there")) << cli.err.str();
}

TEST(PairDelete, NeedNotWait) {
    CliRun cli;
    cli.answers("DELETE /v1/pairs/shop", asked_for);
    auto words = delete_words;
    words.emplace_back("--no-wait");
    EXPECT_EQ(cli.run(words), 0) << cli.err.str();
    EXPECT_EQ(cli.api->requests.size(), 1U);
    EXPECT_TRUE(contains(cli.out.str(), "is deleted once its final snapshot")) << cli.out.str();
    words.emplace_back("--json");
    EXPECT_EQ(cli.run(words), 0);
    EXPECT_EQ(json::parse(cli.out.str()), json::parse(asked_for));
}

TEST(SnapshotList, MarksADeletedPairAndNamesItsFinalSnapshot) {
    CliRun cli;
    cli.answers("GET /v1/snapshots", answer(deleted_pair()));
    EXPECT_EQ(cli.run({"snapshot", "list"}), 0) << cli.err.str();
    EXPECT_TRUE(cli.out.str().starts_with("shop (deleted)\n")) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "final last")) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "The pair was deleted 2026-11-26T09:01:00.000Z"))
        << cli.out.str();
    EXPECT_EQ(cli.run({"snapshot", "show", id}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "shop, deleted 2026-11-26T09:01:00.000Z")) << cli.out.str();
    EXPECT_EQ(cli.run({"snapshot", "show", id, "--json"}), 0);
    EXPECT_EQ(json::parse(cli.out.str()).at("pair_deleted_time"), "2026-11-26T09:01:00.000Z");
}

TEST(SnapshotForget, SaysThatTheRepositoryStays) {
    CliRun cli;
    cli.answers("DELETE /v1/deleted-pairs/shop", R"({"dry_run":false,"pair":"shop"})");
    EXPECT_EQ(cli.run({"snapshot", "forget", "shop"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "What is in its repository is left")) << cli.out.str();
}

TEST(SnapshotList, FitsALineAndSaysToWhichTimesOneCanGo) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop/snapshots", answer(of_pair({snapshot()})));
    EXPECT_EQ(cli.run({"snapshot", "list", "shop"}), 0) << cli.err.str();
    const auto text = cli.out.str();
    EXPECT_TRUE(contains(text, id)) << text;
    EXPECT_TRUE(contains(text, "checksummed")) << text;
    EXPECT_TRUE(contains(text, "to any time from 2026-11-26T03:45:02.500Z to")) << text;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        EXPECT_LE(end - at, cli.width) << text;
        at = end + 1;
    }
}

TEST(SnapshotList, SaysThatAnAgentWithoutARepositoryKeepsNothing) {
    CliRun cli;
    auto pair = of_pair(json::array());
    pair["repository"] = "";
    cli.answers("GET /v1/snapshots", answer(pair));
    EXPECT_EQ(cli.run({"snapshot", "list"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "Agent b has no repository")) << cli.out.str();
}

TEST(SnapshotList, SaysWhoseWordItIsUntilTheArchiverHasTold) {
    CliRun cli;
    auto pair = of_pair({snapshot()});
    pair["told"] = false;
    pair["archiver"] = "a";
    cli.answers("GET /v1/snapshots", answer(pair));
    pair["archiver"] = "";
    pair["repository"] = "";
    cli.answers("GET /v1/snapshots", answer(pair));
    EXPECT_EQ(cli.run({"snapshot", "list"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), id)) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "Agent a has told nothing yet: they are shown"))
        << cli.out.str();
    EXPECT_EQ(cli.run({"snapshot", "list"}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "Nobody keeps its snapshots until its primary serves: "))
        << cli.out.str();
}

TEST(SnapshotShow, FindsItAmongAllPairsAndEndsWith4WhereThereIsNone) {
    CliRun cli;
    auto damaged = snapshot();
    damaged["damage"] = "base.tar.zst: its SHA-256 differs";
    cli.answers("GET /v1/snapshots", answer(of_pair({damaged})));
    EXPECT_EQ(cli.run({"snapshot", "show", id}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "base.tar.zst: its SHA-256 differs")) << cli.out.str();
    EXPECT_TRUE(contains(cli.out.str(), "why=migration")) << cli.out.str();
    cli.answers("GET /v1/snapshots", answer(of_pair({damaged})));
    EXPECT_EQ(cli.run({"snapshot", "show", id, "--json"}), 0);
    EXPECT_EQ(json::parse(cli.out.str()).at("repository"), "/mnt/backup");
    cli.answers("GET /v1/snapshots", answer(of_pair({damaged})));
    EXPECT_EQ(cli.run({"snapshot", "show", "shop-1"}), 4);
}

TEST(SnapshotShow, TellsWhenItWasProvenAndHowLongThatTook) {
    CliRun cli;
    auto proven = snapshot();
    proven["proof"] = "queried";
    proven["proved_time"] = "2026-11-26T04:00:00.000Z";
    proven["restore_ms"] = 61000;
    cli.answers("GET /v1/snapshots", answer(of_pair({proven})));
    EXPECT_EQ(cli.run({"snapshot", "show", id}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "queried 2026-11-26T04:00:00.000Z, which took"))
        << cli.out.str();
}

TEST(SnapshotVerify, WaitsForTheJob) {
    CliRun cli;
    cli.answers("POST /v1/snapshots/" + id + "/verify",
                json{{"dry_run", false}, {"id", id}, {"pair", "shop"}, {"work", "verify"}}.dump());
    cli.answers("GET /v1/pairs/shop/snapshots", answer(of_pair({snapshot()})));
    EXPECT_EQ(cli.run({"snapshot", "verify", id}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "was restored")) << cli.out.str();
}

TEST(SnapshotPlan, TellsWhatIsTakenAndDeletedWithBytesAndReasons) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop/snapshots", answer(of_pair({snapshot()})));
    EXPECT_EQ(cli.run({"snapshot", "plan", "shop"}), 0) << cli.err.str();
    const auto text = cli.out.str();
    for (const auto* part :
         {"Takes a snapshot at 2026-11-27T02:00:00.000Z", "41 MiB", "shop-20261119t020000z-ffff",
          "39 MiB", "older than 7 days", "12 pieces of the log", "60 MiB", "3.0 GiB"}) {
        EXPECT_TRUE(contains(text, part)) << part << " is missing:\n" << text;
    }
    cli.answers("GET /v1/snapshots", answer(of_pair({snapshot()})));
    EXPECT_EQ(cli.run({"snapshot", "plan", "--json"}), 0);
    const auto plans = json::parse(cli.out.str()).at("plans");
    EXPECT_EQ(plans.at(0).at("pair"), "shop");
    EXPECT_EQ(plans.at(0).at("removals").size(), 1U);
}

TEST(SnapshotDelete, WaitsUntilItIsGone) {
    CliRun cli;
    cli.answers("DELETE /v1/snapshots/" + id,
                json{{"dry_run", false}, {"id", id}, {"pair", "shop"}, {"work", "remove"}}.dump());
    cli.answers("GET /v1/pairs/shop/snapshots", answer(of_pair(json::array())));
    EXPECT_EQ(cli.run({"snapshot", "delete", id}), 0) << cli.err.str();
    EXPECT_TRUE(contains(cli.out.str(), "is deleted")) << cli.out.str();
}

TEST(SnapshotSchedule, ChangesOnlyWhatIsGiven) {
    const auto changed = [](std::vector<std::string> words) {
        CliRun cli;
        const json policy = {{"retention_days", 14},
                             {"minimum", 1},
                             {"window", "23:30-00:30"},
                             {"time_zone", "Europe/Berlin"},
                             {"verify", true}};
        cli.answers("POST /v1/pairs/shop/schedule",
                    json{{"dry_run", false},
                         {"pair", "shop"},
                         {"record", {{"policy", {{"snapshots", policy}}}}}}
                        .dump());
        words.insert(words.begin(), {"snapshot", "schedule", "shop"});
        EXPECT_EQ(cli.run(words), 0) << cli.err.str();
        EXPECT_TRUE(contains(cli.out.str(), "within 23:30-00:30 Europe/Berlin; every time of the"))
            << cli.out.str();
        return json::parse(cli.api->requests.back().body);
    };
    EXPECT_EQ(changed({"--verify"}), json({{"verify", true}}));
    EXPECT_EQ(changed({"--no-verify"}), json({{"verify", false}}));
    EXPECT_EQ(changed({"--window", "04:30-05:30", "--retention-days", "0"}),
              json({{"window", "04:30-05:30"}, {"retention_days", 0}}));
    EXPECT_EQ(changed({}), json::object());
}

std::string advised(json pair, bool as_json = false) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop/snapshots", answer(pair));
    std::vector<std::string> words = {"advise", "shop"};
    if (as_json) {
        words.emplace_back("--json");
    }
    EXPECT_EQ(cli.run(words), 0) << cli.err.str();
    return cli.out.str();
}

TEST(Advise, ProposesTheQuieterWindowWithTheCommandThatSetsIt) {
    const auto text = advised(of_pair(json::array()));
    for (const auto* part :
         {"shop  backup window: yellow", "against 100 kB in 02:00-03:00 (Europe/Berlin).",
          "lockstep snapshot schedule shop --window 04:30-05:30\n"}) {
        EXPECT_TRUE(contains(text, part)) << part << " is missing:\n" << text;
    }
    const auto advice = json::parse(advised(of_pair(json::array()), true)).at("advice").at(0);
    EXPECT_EQ(advice.at("weight"), "yellow");
    EXPECT_EQ(advice.at("mend"), "lockstep snapshot schedule shop --window 04:30-05:30");
}

TEST(Advise, SaysSoIfThereIsNothingBetterOrNothingIsKnown) {
    auto pair = of_pair(json::array());
    auto& window = pair.at("plan").at("window");
    window["quietest"] = "02:00-03:00";
    EXPECT_TRUE(contains(advised(pair), "shop  backup window: green"));
    EXPECT_FALSE(contains(advised(pair), "snapshot schedule"));
    window["quietest"] = "";
    window["why"] = "the log is too young";
    EXPECT_TRUE(contains(advised(pair), "unknown\n  the log is too young."));
    pair["repository"] = "";
    EXPECT_TRUE(contains(advised(pair), "no log of it is kept"));
    pair["deleted_time"] = "2026-11-26T03:45:02.500Z";
    EXPECT_TRUE(contains(advised(pair), "There are no pairs."));
}

json restored_body(CliRun& cli, std::vector<std::string> words) {
    cli.answers("POST /v1/restores", json{{"dry_run", true}, {"changes", json::array()}}.dump());
    std::vector<std::string> all = {"snapshot", "restore"};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--to", "c", "--as", "shop-old", "--dry-run"});
    EXPECT_EQ(cli.run(all), 0) << cli.err.str();
    return json::parse(cli.api->requests.back().body);
}

TEST(SnapshotRestore, TakesASnapshotAsItIsAndAPairAsItWas) {
    CliRun cli;
    auto body = restored_body(cli, {id});
    EXPECT_EQ(body.at("pair"), "shop");
    EXPECT_EQ(body.at("snapshot"), id);
    EXPECT_EQ(body.at("target"), json({{"consistent", true}}));
    body = restored_body(cli, {"shop", "--at", "2026-11-26T04:44:59+01:00"});
    EXPECT_EQ(body.at("snapshot"), "");
    EXPECT_EQ(body.at("target"), json({{"unix_ms", 1795664699000}}));
    EXPECT_TRUE(contains(cli.err.str(), "2026-11-26T03:44:59.000Z (")) << cli.err.str();
    body = restored_body(cli, {"shop", "--xid", "735", "--before"});
    EXPECT_EQ(body.at("target"), json({{"transaction", "735"}, {"exclusive", true}}));
    for (const auto* option : {"--lsn", "--position"}) {
        body = restored_body(cli, {"shop", option, "1/32DCC00"});
        EXPECT_EQ(body.at("target"), json({{"position", 0x1032DCC00}}));
    }
    body = restored_body(cli, {"my-shop"});
    EXPECT_EQ(body.at("pair"), "my-shop");
    EXPECT_EQ(body.at("target"), json::object());
}

TEST(SnapshotRestore, RDS_R10_RefusesATimeWithoutAZone) {
    CliRun cli;
    EXPECT_EQ(cli.run({"snapshot", "restore", "shop", "--at", "2026-11-26 04:44:59", "--to", "c",
                       "--as", "old"}),
              2);
    EXPECT_TRUE(contains(cli.err.str(), "the time zone is missing")) << cli.err.str();
    EXPECT_TRUE(cli.api->requests.empty());
}

TEST(SnapshotRestore, RefusesWhatIsNoPlaceAndTwoTargets) {
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"--lsn", "0/"}, {"--lsn", "1/2", "--xid", "735"}, {"--lsn", "0/32DCC00Z"}}) {
        CliRun cli;
        std::vector<std::string> all = {"snapshot", "restore", "shop", "--to", "c", "--as", "old"};
        all.insert(all.end(), words.begin(), words.end());
        EXPECT_EQ(cli.run(all), 2) << words[1];
        EXPECT_TRUE(cli.api->requests.empty());
    }
}

TEST(Place, IsAnLsnOrANumber) {
    EXPECT_EQ(parse_place("0/32DCC00"), 0x32DCC00U);
    EXPECT_EQ(parse_place("7FFFFFFF/ffffffff"), 0x7FFFFFFFFFFFFFFFU);
    EXPECT_EQ(parse_place("735"), 735U);
    for (const auto* text : {"", "/", "1/", "/1", "1/2/3", "80000000/0", "0/100000000", "-1", "7x",
                             "9223372036854775808", "0x10"}) {
        EXPECT_FALSE(parse_place(text)) << text;
    }
}

TEST(Instant, IsReadWithItsZone) {
    EXPECT_EQ(parse_instant("1970-01-01T00:00:01Z"), 1000);
    EXPECT_EQ(parse_instant("1970-01-01 01:00:01.25+01:00"), 1250);
    EXPECT_EQ(parse_instant("1969-12-31 23:30 -00:30"), 0);
    EXPECT_EQ(parse_instant("2026-11-26T03:45:00.123Z"), 1795664700123);
    for (const auto* text :
         {"", "now", "2026-11-26", "2026-02-30T00:00:00Z", "2026-11-26T25:00:00Z",
          "2026-11-26T03:45:00", "2026-11-26T03:45:00 CET", "1795664700"}) {
        EXPECT_FALSE(parse_instant(text)) << text;
    }
}

} // namespace
} // namespace lockstep::cli
