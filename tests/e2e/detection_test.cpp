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
};

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
