#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

/// Faults that tell a careful controller from a hasty one, whatever the engine.
namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{45000};

class Faults : public SharedPair {
protected:
    /// What is decided is looked at here, not what a busy machine's disk does: an fsync for each
    /// event is a wait that could be taken for a fault. Life has the default.
    [[nodiscard]] std::string durability() const override {
        return GetParam() == Engine::postgresql ? "" : "receive";
    }
    void wait_for(const std::string& what, const Testbed::Condition& condition) {
        bed().wait_for_pair(what, condition, patient);
    }
    void wait_for_primary(const std::string& member) {
        wait_for("fail over to " + member,
                 [&](const Json& pair) { return pair.at("primary") == member; });
    }
    void wait_for_solo() {
        wait_for("go on alone", [](const Json& pair) { return pair.at("phase") == "solo"; });
    }
    /// As systemd ends the agent's unit, and as it does when the host goes down.
    void stop_unit(const std::string& member);
};
INSTANTIATE_TEST_SUITE_P(postgresql, Faults, testing::Values(Engine::postgresql));
INSTANTIATE_TEST_SUITE_P(mysql, Faults, testing::Values(Engine::mysql));
INSTANTIATE_TEST_SUITE_P(mariadb, Faults, testing::Values(Engine::mariadb));

// Nobody writes and no agent beats: only the stream's own heartbeats say that the primary lives.
TEST_P(Faults, VITESS_S6_AHungAgentOfAnIdlePairIsAnAlarmAndNoFailover) {
    const auto before = bed().pair();
    signal_agent(old_primary(), SIGSTOP);
    const auto since = Clock::now();
    wait_for("raise an alarm", [](const Json& pair) { return pair.at("alarm") == true; });
    while (Clock::now() - since < Milliseconds{8000}) { // Longer than any detection.
        const auto pair = bed().pair();
        ASSERT_EQ(pair.at("epoch"), before.at("epoch")) << pair.at("because");
        std::this_thread::sleep_for(Milliseconds{200});
    }
    EXPECT_TRUE(has_event("decision", "no failover"));
    signal_agent(old_primary(), SIGCONT);
    EXPECT_EQ(expect_in_sync_under(old_primary()).at("epoch"), before.at("epoch"));
}

// Both hosts are well and talk to the controller: the primary goes on alone, and the standby is
// let in again.
TEST_P(Faults, VITESS_S4_ALinkThatIsCutCostsTheStandbyItsPlaceAndNoWrite) {
    const auto writers = begin_writing();
    bed().network().cut_between("a", "b");
    wait_for_solo();
    expect_writes(*writers);
    bed().network().heal_between("a", "b");
    expect_in_sync_under(old_primary());
    expect_nothing_lost(*writers);
}

// An account's commit waits like any other; on MySQL every login hangs behind it, the agent's own
// and the standby's, too (FINDING_4).
TEST_P(Faults, AnAccountMadeWhileTheStandbyIsFrozenHoldsNobodyUpForLong) {
    freeze_database(bed(), old_standby());
    bed().say_as_superuser(old_primary(), GetParam() == Engine::postgresql
                                              ? "create role late"
                                              : "create user late@localhost");
    wait_for_solo();
    EXPECT_EQ(primary(), old_primary());
    const auto writers = begin_writing();
    thaw_database(bed(), old_standby());
    expect_in_sync_under(old_primary());
    expect_nothing_lost(*writers);
}

// Its old primary goes on where it was frozen, once another one serves.
TEST_P(Faults, VITESS_S2_AFrozenDatabaseIsFailedOverAndDeposedWhenItIsThawed) {
    const auto writers = begin_writing();
    freeze_database(bed(), old_primary());
    wait_for_primary(old_standby());
    expect_writes(*writers);
    thaw_database(bed(), old_primary());
    expect_in_sync_under(old_standby());
    expect_nothing_lost(*writers);
}

// R5: restart in place, behind the door; the standby's stream opens it.
TEST_P(Faults, VITESS_S6b_WithoutAControllerThePrimaryRestartsInPlace) {
    const auto before = bed().pair();
    const auto writers = begin_writing();
    lose_controller();
    expect_writes(*writers);
    const pid_t first = bed().postmaster(old_primary());
    ASSERT_EQ(kill(first, SIGKILL), 0);
    expect_writes(*writers);
    EXPECT_NE(bed().postmaster(old_primary()), first);
    bed().start_controller();
    EXPECT_EQ(expect_in_sync_under(old_primary()).at("epoch"), before.at("epoch"));
    expect_nothing_lost(*writers);
}

// The one that is to be promoted has nobody to promote it, and then an agent that knows only what
// was kept on disk. Whoever serves in the end has all that was acknowledged.
TEST_P(Faults, VITESS_S12_TheStandbysAgentIsRestartedInTheMidstOfTheFailover) {
    const auto writers = begin_writing();
    ASSERT_EQ(kill(bed().postmaster(old_primary()), SIGKILL), 0);
    bed().agent(old_standby()).end(SIGKILL, in(Milliseconds{20000}));
    bed().start_agent(old_standby());
    expect_writes(*writers);
    bed().wait_until_in_sync(Milliseconds{90000});
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

void Faults::stop_unit(const std::string& member) {
    ASSERT_FALSE(database_processes(bed(), member).empty());
    EXPECT_EQ(bed().agent(member).end(SIGPWR, in(Milliseconds{75000})), 0) // As the unit says.
        << bed().agent(member).log_tail();
    // Not its pid: whoever inherits a killed process may not have reaped it yet.
    EXPECT_TRUE(database_processes(bed(), member).empty()) << "the database goes on";
}

TEST_P(Faults, AStopOfTheAgentsUnitEndsThePrimaryUnderLoadAndLosesNothing) {
    const auto writers = begin_writing();
    stop_unit(old_primary());
    expect_writes(*writers);
    EXPECT_EQ(primary(), old_standby());
    bed().start_agent(old_primary());
    expect_in_sync_under(old_standby());
    expect_nothing_lost(*writers);
}

// Commits wait for a standby that hears nothing any more while the server is stopped: a plain
// SIGTERM makes MySQL answer OK to them (FINDING_1). Whoever serves in the end, and had to, has
// all that was answered.
TEST_P(Faults, AStopOfTheAgentsUnitAnswersNoCommitThatTheStandbyLacks) {
    const auto writers = begin_writing();
    freeze_database(bed(), old_standby());
    stop_unit(old_primary());
    thaw_database(bed(), old_standby());
    bed().start_agent(old_primary()); // The record may have been narrowed to it before it was gone.
    expect_writes(*writers);
    bed().wait_until_in_sync(Milliseconds{90000});
    expect_nothing_lost(*writers);
}

// The standby's host is lost first, so it lacks what the primary acknowledged alone: only an
// operator may promote it, and must say what became of the old primary.
TEST_P(Faults, AcknowledgedCommitsAreLostOnlyByAnOperatorsWord) {
    bed().network().cut(old_standby());
    wait_for_solo();
    expect_nothing_lost(*begin_writing());
    kill_member(old_primary());
    bed().network().heal(old_standby());
    wait_for("be stranded with the standby up", [&](const Json& pair) {
        return pair.at("phase") == "stranded" &&
               member_of(pair, old_standby()).at("server") == "standby";
    });
    const auto refused = bed().cli({"failover", "shop", "--to", old_standby()});
    EXPECT_EQ(refused.status, 1) << refused.output << refused.errors;
    EXPECT_EQ(primary(), old_primary());
    const auto forced = bed().cli({"failover", "shop", "--to", old_standby(), "--accept-data-loss",
                                   "--fenced-by", "the test killed it"},
                                  Milliseconds{30000});
    EXPECT_EQ(forced.status, 0) << forced.output << forced.errors;
    EXPECT_EQ(primary(), old_standby());
    bed().start_agent(old_primary());
    expect_in_sync_under(old_standby());
    expect_event("preserved", "", Milliseconds{20000});
}

} // namespace
} // namespace lockstep::e2e
