// What is, and what is not, taken for a lost host (DESIGN.md 5).
#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{45000};

class Detects : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }
    void signal_agent(const std::string& member, int signal) {
        ASSERT_EQ(kill(bed().agent(member).pid(), signal), 0);
    }
};

// About 25 s. Nobody writes, and no agent beats: only the stream's own questions are answered.
TEST_F(Detects, AHungAgentOnAnIdlePairIsAnAlarmAndNoFailover) {
    const auto before = bed().pair();
    signal_agent("a", SIGSTOP);
    const auto since = Clock::now();
    bed().wait_for_pair(
        "raise an alarm", [](const Json& pair) { return pair.at("alarm") == true; }, patient);
    while (Clock::now() - since < Milliseconds{15000}) {
        const auto pair = bed().pair();
        ASSERT_EQ(pair.at("epoch"), before.at("epoch")) << pair.at("because");
        std::this_thread::sleep_for(Milliseconds{200});
    }
    EXPECT_TRUE(has_event("decision", "no failover"));
    signal_agent("a", SIGCONT);
    const auto after = expect_in_sync_under("a");
    EXPECT_EQ(after.at("revision"), before.at("revision"));
}

// About 25 s. The kernel of the host goes on taking connections.
TEST_F(Detects, AHostOfWhichEveryProcessIsFrozenIsFailedOver) {
    const auto writers = begin_writing();
    const auto frozen = Clock::now();
    signal_agent("a", SIGSTOP);
    freeze_database(bed(), "a");
    bed().wait_for_pair(
        "fail over to b", [](const Json& pair) { return pair.at("primary") == "b"; }, patient);
    EXPECT_TRUE(has_event("promote", "frozen or cut off"));
    expect_writes(*writers);
    signal_agent("a", SIGCONT);
    thaw_database(bed(), "a");
    expect_in_sync_under("b");
    const auto ledger = expect_nothing_lost(*writers);
    RecordProperty("longest_gap_ms", std::to_string(ledger.longest_gap(frozen).count()));
}

} // namespace
} // namespace lockstep::e2e
