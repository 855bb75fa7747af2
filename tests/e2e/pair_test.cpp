#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"

namespace lockstep::e2e {
namespace {

// What life_test.cpp and faults_test.cpp do not show of every engine. About 15 s each.
class FormedPair : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }
};

// Nobody is left to be promoted by evidence: whoever comes back first and may serve, serves.
TEST_F(FormedPair, SurvivesSigkillOfBothDatabasesAtOnce) {
    const auto writers = begin_writing();
    const pid_t both[] = {bed().postmaster("a"), bed().postmaster("b")};
    for (const pid_t postmaster : both) {
        ASSERT_EQ(kill(postmaster, SIGKILL), 0);
    }
    expect_writes(*writers);
    bed().wait_until_in_sync();
    expect_nothing_lost(*writers);
}

// A power failure of everything at once, but for the disks.
TEST_F(FormedPair, SurvivesSigkillOfEverythingAtOnce) {
    const auto writers = begin_writing();
    bed().controller().end(SIGKILL, in(Milliseconds{20000}));
    for (const std::string member : {"a", "b"}) {
        kill_member(member);
    }
    for (const std::string member : {"a", "b"}) {
        bed().agent(member).start();
    }
    bed().start_controller();
    expect_writes(*writers);
    bed().wait_until_in_sync();
    expect_nothing_lost(*writers);
}

// The standby's host is gone: after dead_after the primary goes on alone, and says so.
TEST_F(FormedPair, GoesOnAloneWhenTheStandbysHostIsLost) {
    const auto writers = begin_writing();
    const auto cut = Clock::now();
    bed().network().cut("b");
    bed().wait_for_pair(
        "go on alone", [](const Json& pair) { return pair.at("phase") == "solo"; },
        Milliseconds{45000});
    expect_writes(*writers);
    bed().network().heal("b");
    expect_in_sync_under("a");
    const auto ledger = expect_nothing_lost(*writers);
    EXPECT_LT(ledger.longest_gap(cut), Milliseconds{10000}); // The machine is shared and small.
}

TEST_F(FormedPair, DoesNotFailOverWhilePaused) {
    ASSERT_EQ(bed().cli({"pause", "shop"}).status, 0);
    const auto writers = begin_writing();
    ASSERT_EQ(kill(bed().postmaster("a"), SIGKILL), 0);
    // An event, not a state: with leave to (R5), the primary is back within milliseconds.
    expect_event("decision", "failover is paused", Milliseconds{20000});
    std::this_thread::sleep_for(Milliseconds{3000}); // Longer than any detection.
    EXPECT_EQ(primary(), "a");
    ASSERT_EQ(bed().cli({"resume", "shop"}).status, 0);
    expect_writes(*writers);
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
