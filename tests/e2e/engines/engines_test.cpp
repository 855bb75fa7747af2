#include <csignal>

#include "tests/e2e/engines/pair_of.h"

/// What pair_test.cpp and switchover_test.cpp show of PostgreSQL, of the other engines.
namespace lockstep::e2e {
namespace {

class LifeOf : public PairOf {
protected:
    void switch_over_to(const std::string& to, Writers& writers);
};
INSTANTIATE_TEST_SUITE_P(Engines, LifeOf, other_engines(), name_of_test);

TEST_P(LifeOf, FormsAndServesByName) {
    const auto pair = bed().pair();
    EXPECT_EQ(pair.at("engine"), name_of(GetParam()));
    EXPECT_EQ(pair.at("standby"), "b");
    for (const auto& member : pair.at("members")) {
        EXPECT_EQ(member.at("unit"), "transactions");
        EXPECT_EQ(member.at("unfit"), "");
        EXPECT_EQ(member.at("lowered"), "");
    }
    const auto writers = begin_writing(Writers::Connections::new_each_time);
    const auto since = Clock::now();
    expect_writes(*writers, 100);
    expect_undisturbed(expect_nothing_lost(*writers), since);
}

TEST_P(LifeOf, SurvivesSigkillOfThePrimary) {
    const auto writers = begin_writing();
    ASSERT_EQ(kill(bed().postmaster("a"), SIGKILL), 0);
    expect_writes(*writers);
    expect_in_sync_under("b");
    expect_writes(*writers);
    const auto ledger = expect_nothing_lost(*writers);
    EXPECT_EQ(ledger.writes.back().server, bed().address_of("b"));
}

TEST_P(LifeOf, SurvivesSigkillOfTheStandby) {
    const auto writers = begin_writing();
    ASSERT_EQ(kill(bed().postmaster("b"), SIGKILL), 0);
    bed().wait_for_pair(
        "go on alone", [](const Json& pair) { return pair.at("phase") != "in sync"; },
        Milliseconds{10000});
    expect_in_sync_under("a");
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

TEST_P(LifeOf, SurvivesTheLossOfThePrimarysHost) {
    const auto writers = begin_writing();
    bed().network().cut("a");
    expect_writes(*writers);
    EXPECT_EQ(primary(), "b");
    bed().network().heal("a");
    expect_in_sync_under("b");
    expect_nothing_lost(*writers);
}

/// One may be given up, for which nothing is lost and the primary goes on: a clean stop can take
/// longer than its 4 s on a busy machine. It may be asked for again.
void LifeOf::switch_over_to(const std::string& to, Writers& writers) {
    const auto from = primary();
    for (int attempt = 1;; ++attempt) {
        const auto asked = bed().cli({"switchover", "shop", "--to", to}, Milliseconds{40000});
        if (asked.status == 0) {
            return;
        }
        const auto said = asked.output + asked.errors;
        ASSERT_NE(said.find("goes on"), std::string::npos) << said;
        ASSERT_EQ(said.find("were not waited for"), std::string::npos) << said; // R13
        ASSERT_LT(attempt, 3) << said;
        expect_writes(writers);
        expect_in_sync_under(from);
    }
}

TEST_P(LifeOf, SwitchesOverAndBack) {
    const auto writers = begin_writing();
    for (const std::string to : {"b", "a"}) {
        switch_over_to(to, *writers);
        expect_writes(*writers);
        expect_in_sync_under(to);
    }
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
