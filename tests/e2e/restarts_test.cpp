#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"

namespace lockstep::e2e {
namespace {

class Restarts : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }

    void expect_unchanged(const Json& before) {
        const auto now = expect_in_sync_under("a");
        EXPECT_EQ(now.at("epoch"), before.at("epoch"));
        EXPECT_EQ(now.at("revision"), before.at("revision"));
    }
};

// About 25 s.
TEST_F(Restarts, OfEachAgentUnderLoadDisturbNobody) {
    const auto before = bed().pair();
    const auto writers = begin_patient_writing();
    const auto since = Clock::now();
    for (const std::string member : {"a", "b"}) {
        const pid_t postmaster = bed().postmaster(member);
        bed().agent(member).end(SIGKILL, in(Milliseconds{20000}));
        std::this_thread::sleep_for(Milliseconds{3000}); // Longer than dead_after.
        bed().start_agent(member);
        bed().wait_for_pair(
            "hear " + member + " again",
            [&](const Json& pair) {
                for (const auto& one : pair.at("members")) {
                    if (one.at("id") == member) {
                        return one.at("connected") == true && one.at("server").is_string() &&
                               one.at("server") == (member == "a" ? "primary" : "standby");
                    }
                }
                return false;
            },
            Milliseconds{20000});
        expect_writes(*writers);
        EXPECT_EQ(bed().postmaster(member), postmaster) << "the database was restarted";
    }
    expect_unchanged(before);
    expect_undisturbed(expect_nothing_lost(*writers), since);
}

// About 15 s.
TEST_F(Restarts, OfAnAgentBySigtermLeaveTheDatabaseRunning) {
    const auto before = bed().pair();
    const auto writers = begin_patient_writing();
    const auto since = Clock::now();
    const pid_t postmaster = bed().postmaster("a");
    EXPECT_EQ(bed().agent("a").end(SIGTERM, in(Milliseconds{10000})), 0);
    expect_writes(*writers);
    bed().start_agent("a");
    expect_writes(*writers);
    expect_unchanged(before);
    EXPECT_EQ(bed().postmaster("a"), postmaster);
    expect_undisturbed(expect_nothing_lost(*writers), since);
}

// About 15 s.
TEST_F(Restarts, OfTheControllerUnderLoadDisturbNobody) {
    const auto before = bed().pair();
    const auto writers = begin_patient_writing(Writers::Connections::new_each_time);
    const auto since = Clock::now();
    bed().controller().end(SIGKILL, in(Milliseconds{20000}));
    expect_writes(*writers);
    bed().start_controller();
    expect_unchanged(before);
    expect_writes(*writers);
    expect_undisturbed(expect_nothing_lost(*writers), since);
}

// A failover works as soon as the controller is back, from what the store remembers. About 20 s.
TEST_F(Restarts, OfTheControllerWhileThePrimaryDiesStillFailOver) {
    const auto writers = begin_writing();
    bed().controller().end(SIGKILL, in(Milliseconds{20000}));
    ASSERT_EQ(kill(bed().postmaster("a"), SIGKILL), 0);
    bed().start_controller();
    expect_writes(*writers);
    bed().wait_until_in_sync();
    expect_nothing_lost(*writers);
}

// About 80 s. First the controller's host is unreachable, so that its name server is silent rather
// than closed; then the process is gone.
TEST_F(Restarts, AControllerAwayFor60SecondsIsMissedByNobody) {
    const auto before = bed().pair();
    const auto writers = begin_patient_writing(Writers::Connections::new_each_time);
    const auto since = Clock::now();
    bed().network().cut("controller");
    std::this_thread::sleep_until(since + Milliseconds{30000});
    bed().controller().end(SIGKILL, in(Milliseconds{20000}));
    bed().network().heal("controller");
    std::this_thread::sleep_until(since + Milliseconds{60000});
    expect_writes(*writers, 20);
    bed().start_controller();
    expect_unchanged(before);
    const auto ledger = expect_nothing_lost(*writers);
    expect_undisturbed(ledger, since);
    EXPECT_GT(ledger.writes.size(), 200U);
}

} // namespace
} // namespace lockstep::e2e
