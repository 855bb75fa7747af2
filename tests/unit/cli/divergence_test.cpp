#include <gtest/gtest.h>

#include "tests/support/api_samples.h"
#include "tests/support/cli_run.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

json divergence() {
    return {{"id", "a-1795383200-rev12"},
            {"pair", "shop"},
            {"member", "a"},
            {"upstream", "b"},
            {"host", "host-a"},
            {"folder", "/var/lib/lockstep/diverged/1795383200-rev12"},
            {"unix_ms", 1795383200000},
            {"time", "2026-11-22T21:33:20.000Z"},
            {"remove_unix_ms", 1797975200000},
            {"remove_time", "2026-12-22T21:33:20.000Z"},
            {"epoch", 4},
            {"system_id", "7001"},
            {"fork", "0/3000060 on timeline 1"},
            {"why", "its last record is at 0/30F6110"},
            {"bytes", 16777216},
            {"overwritten_bytes", 2048},
            {"rejoined", "rewind"},
            {"rejoined_why", ""},
            {"log",
             {{"decoded", true},
              {"trouble", ""},
              {"end", "0/30F6110 on timeline 1"},
              {"read_with", "/usr/bin/pg_waldump --path X --timeline 1 --start 0/3000060"},
              {"committed", 25},
              {"rolled_back", 0},
              {"unfinished", 1},
              {"heartbeats", 9}}}};
}

json source(bool connected, bool told) {
    return {{"member", "a"},
            {"pair", "shop"},
            {"connected", connected},
            {"told", told},
            {"silent_ms", 5000}};
}

TEST(Divergence, ListFitsALine) {
    CliRun cli;
    cli.answers("GET /v1/divergences",
                json{{"divergences", {divergence()}}, {"sources", {source(true, true)}}}.dump());
    EXPECT_EQ(cli.run({"divergence", "list"}), 0);
    EXPECT_EQ(
        cli.out.str(),
        "ID                  PAIR  KEPT              SINCE          COMMITS  SIZE    CAME BACK "
        "BY  REMOVED\n"
        "a-1795383200-rev12  shop  2026-11-22T21:33  0/3000060 on   25       16 MiB  rewind    "
        "    2026-12-22\n"
        "                                            timeline 1\n");
}

TEST(Divergence, ListSaysOfWhomItKnowsLittle) {
    CliRun cli;
    cli.answers("GET /v1/pairs/shop/divergences",
                json{{"divergences", json::array()},
                     {"sources", {source(false, true), source(true, false)}}}
                    .dump());
    EXPECT_EQ(cli.run({"divergence", "list", "shop"}), 0);
    const auto text = cli.out.str();
    EXPECT_TRUE(contains(text, "No divergences are kept.")) << text;
    EXPECT_TRUE(contains(text, "Agent a is away for 5.0 s: shown is what it said last.")) << text;
    EXPECT_TRUE(contains(text, "has told nothing since this")) << text;
}

TEST(Divergence, ShowHasEverythingThatIsNeededToReadIt) {
    CliRun cli;
    auto one = divergence();
    one["transactions"] = {{{"id", "735"},
                            {"end", "committed 2026-11-22 21:33:10 UTC"},
                            {"position", "0/3000128"},
                            {"changes", 3},
                            {"objects", {"1663/5/16385 (3)"}}}};
    one["source"] = source(true, true);
    cli.answers("GET /v1/divergences/a-1795383200-rev12", one.dump());
    EXPECT_EQ(cli.run({"divergence", "show", "a-1795383200-rev12"}), 0);
    const auto text = cli.out.str();
    for (const auto* const wanted :
         {"from 0/3000060 on timeline 1 to 0/30F6110 on timeline 1", "25 committed",
          "16 MiB of log", "host host-a, /var/lib/lockstep/diverged/1795383200-rev12",
          "2026-12-22T21:33:20.000Z", "pg_waldump --path X", "735", "1663/5/16385 (3)",
          "and 25 more in transactions.txt", "nothing acknowledged is"}) {
        EXPECT_TRUE(contains(text, wanted)) << wanted << " in\n" << text;
    }
}

TEST(Divergence, ShowHandsTheJsonThrough) {
    CliRun cli;
    cli.answers("GET /v1/divergences/a-1-rev1", divergence().dump());
    EXPECT_EQ(cli.run({"divergence", "show", "a-1-rev1", "--json"}), 0);
    EXPECT_EQ(json::parse(cli.out.str()), divergence());
}

TEST(Divergence, ShowRefusesWhatIsNoId) {
    CliRun cli;
    EXPECT_EQ(cli.run({"divergence", "show", "../pairs"}), 2);
    EXPECT_TRUE(contains(cli.err.str(), "is no id")) << cli.err.str();
    cli.refuses("GET /v1/divergences/a-9-rev9", 404, "no agent told of it");
    EXPECT_EQ(cli.run({"divergence", "show", "a-9-rev9"}), 4);
}

} // namespace
} // namespace lockstep::cli
