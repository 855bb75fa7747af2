#include <csignal>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

/// A pair whose commits wait for a lost standby by policy, of the engines whose standby's promise
/// ends with its start.
namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{45000};

class Waiting : public SharedPair {
protected:
    [[nodiscard]] std::vector<std::string> pair_options() const override {
        return {"--when-standby-lost", "wait"};
    }
    [[nodiscard]] std::string durability() const override { return "receive"; }
    void wait_for(const std::string& what, const Testbed::Condition& condition) {
        bed().wait_for_pair(what, condition, patient);
    }
};
INSTANTIATE_TEST_SUITE_P(mysql, Waiting, testing::Values(Engine::mysql));
INSTANTIATE_TEST_SUITE_P(mariadb, Waiting, testing::Values(Engine::mariadb));

// What it acknowledges is promised again, so that it can be promoted; and nobody stopped waiting
// for it meanwhile.
TEST_P(Waiting, LetsTheRestartedStandbyInAgainAndThenFailsOverToIt) {
    const auto writers = begin_writing();
    lose_host(bed(), old_standby());
    wait_for("say that commits wait", [](const Json& pair) {
        return pair.at("alarm") == true && pair.at("because").get<std::string>().find(
                                               "by policy commits wait") != std::string::npos;
    });
    EXPECT_FALSE(writers->acknowledges(1, in(Milliseconds{1500}))) << "without the standby";

    return_host(bed(), old_standby());
    wait_for("be in step again", [](const Json& pair) { return pair.at("alarm") == false; });
    ASSERT_FALSE(has_event("narrow"));
    EXPECT_TRUE(has_event("renew", old_standby() + "'s database was restarted"));
    expect_event("confirm", "the standby that was restarted passed the barrier", patient);
    expect_writes(*writers);

    ASSERT_EQ(kill(bed().postmaster(old_primary()), SIGKILL), 0);
    expect_writes(*writers);
    EXPECT_EQ(primary(), old_standby());
    expect_in_sync_under(old_standby());
    expect_nothing_lost(*writers);
}

// Both are lost, and only the standby comes back. MariaDB threw away what that had received and not
// replayed, if anything, and does not promote it unless an operator says that the loss is accepted.
TEST_P(Waiting, IsForcedOnARestartedStandbyByAnOperatorsWord) {
    expect_nothing_lost(*begin_writing());
    ASSERT_EQ(kill(bed().postmaster(old_standby()), SIGKILL), 0);
    kill_member(old_primary());
    wait_for("have the standby back alone", [&](const Json& pair) {
        return member_of(pair, old_standby()).at("server") == "standby" &&
               pair.at("because").get<std::string>().find("cannot be promoted now") !=
                   std::string::npos;
    });
    const auto forced = bed().cli({"failover", "shop", "--to", old_standby(), "--accept-data-loss",
                                   "--fenced-by", "the test killed it"},
                                  patient);
    EXPECT_EQ(forced.status, 0) << forced.output << forced.errors;
    EXPECT_EQ(primary(), old_standby());
    const auto writers = begin_writing();
    bed().start_agent(old_primary());
    expect_in_sync_under(old_standby());
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
