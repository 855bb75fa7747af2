#include <csignal>

#include "tests/e2e/bed.h"

/// What pair_test.cpp and switchover_test.cpp show of PostgreSQL, of the other engines. MySQL comes
/// when its driver's own suites pass on it.
namespace lockstep::e2e {
namespace {

class PairOf : public EndToEnd, public testing::WithParamInterface<Engine> {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }
    [[nodiscard]] Engine engine() const override { return GetParam(); }
};

TEST_P(PairOf, FormsAndServesByName) {
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

TEST_P(PairOf, SurvivesSigkillOfThePrimary) {
    const auto writers = begin_writing();
    ASSERT_EQ(kill(bed().postmaster("a"), SIGKILL), 0);
    expect_writes(*writers);
    expect_in_sync_under("b");
    expect_writes(*writers);
    const auto ledger = expect_nothing_lost(*writers);
    EXPECT_EQ(ledger.writes.back().server, bed().address_of("b"));
}

TEST_P(PairOf, SurvivesSigkillOfTheStandby) {
    const auto writers = begin_writing();
    ASSERT_EQ(kill(bed().postmaster("b"), SIGKILL), 0);
    bed().wait_for_pair(
        "go on alone", [](const Json& pair) { return pair.at("phase") != "in sync"; },
        Milliseconds{10000});
    expect_in_sync_under("a");
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

TEST_P(PairOf, SurvivesTheLossOfThePrimarysHost) {
    const auto writers = begin_writing();
    bed().network().cut("a");
    expect_writes(*writers);
    EXPECT_EQ(primary(), "b");
    bed().network().heal("a");
    expect_in_sync_under("b");
    expect_nothing_lost(*writers);
}

TEST_P(PairOf, SwitchesOverAndBack) {
    const auto writers = begin_writing();
    for (const std::string to : {"b", "a"}) {
        const auto asked = bed().cli({"switchover", "shop", "--to", to}, Milliseconds{40000});
        ASSERT_EQ(asked.status, 0) << asked.output << asked.errors;
        expect_writes(*writers);
        expect_in_sync_under(to);
    }
    expect_nothing_lost(*writers);
}

INSTANTIATE_TEST_SUITE_P(Engines, PairOf, testing::Values(Engine::mariadb),
                         [](const auto& one) { return product_of(one.param); });

} // namespace
} // namespace lockstep::e2e
