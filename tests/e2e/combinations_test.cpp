// Faults that come together, or at the worst moment.
#include <csignal>
#include <thread>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::e2e {
namespace {

constexpr Milliseconds soon{45000};

// About 20 s each.
class Combination : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }

    void wait_for_phase(const std::string& phase) {
        bed().wait_for_pair(
            "be " + phase, [&](const Json& pair) { return pair.at("phase") == phase; }, soon);
    }
    void wait_for_server(const std::string& member, const std::string& state) {
        bed().wait_for_pair(
            "have " + member + " as " + state,
            [&](const Json& pair) {
                for (const auto& one : pair.at("members")) {
                    if (one.at("id") == member && one.at("server") == state) {
                        return true;
                    }
                }
                return false;
            },
            soon);
    }
    /// As an operator would who finds a database down and knows nothing of Lockstep.
    Outcome start_by_hand(const std::string& member) {
        return run(bed().on(member, {Plan{}.postgresql / "pg_ctl", "start", "--wait", "--timeout",
                                     "10", "--pgdata", bed().data_of(member).string(), "--log",
                                     (bed().folder_of(member) / "by-hand.log").string()}),
                   in(soon));
    }
    /// Expects that nobody can write on a member, however often it is tried.
    void expect_no_writes_on(const std::string& member, Milliseconds span) {
        const auto by = in(span);
        while (Clock::now() < by) {
            Session session;
            if (session.connect(bed().superuser_of(member), in(Milliseconds{500})).empty()) {
                const auto answer =
                    session.ask("insert into ledger values (1)", {}, in(Milliseconds{500}));
                ASSERT_NE(answer.end, Session::End::answered) << member << " took a write";
            }
            std::this_thread::sleep_for(Milliseconds{50});
        }
    }
};

// It streams again. Was it let in by then, it is promoted; was it not, the primary alone holds
// every acknowledged commit and has to come back itself. Both happen here, as the machine's load
// has it.
TEST_F(Combination, StandbyLostAndBackThenThePrimaryLost100MillisecondsLater) {
    const auto writers = begin_writing();
    kill_member("b");
    wait_for_phase("solo");
    expect_writes(*writers);
    bed().start_agent("b");
    wait_for_server("b", "standby");
    std::this_thread::sleep_for(Milliseconds{100});
    kill_postmaster(bed(), "a");
    expect_writes(*writers);
    bed().wait_until_in_sync(Milliseconds{60000});
    expect_nothing_lost(*writers);
}

TEST_F(Combination, BothHostsLostAndBackOneAfterTheOther) {
    const auto writers = begin_writing();
    for (const std::string member : {"a", "b"}) {
        lose_host(bed(), member);
    }
    return_host(bed(), "b");
    return_host(bed(), "a");
    expect_writes(*writers);
    bed().wait_until_in_sync(Milliseconds{60000});
    expect_nothing_lost(*writers);
}

// The database does not need its agent, and its standby says that it serves.
TEST_F(Combination, AnAgentThatHangsForAWhileIsMissedByNobody) {
    const auto before = bed().pair();
    for (const std::string member : {"a", "b"}) {
        const auto writers = begin_patient_writing();
        const auto since = Clock::now();
        kill(bed().agent(member).pid(), SIGSTOP);
        std::this_thread::sleep_for(
            Milliseconds{7000}); // Longer than any detection or fence_after.
        kill(bed().agent(member).pid(), SIGCONT);
        expect_writes(*writers);
        expect_undisturbed(expect_nothing_lost(*writers), since);
    }
    expect_in_sync_under("a");
    EXPECT_EQ(bed().pair().at("epoch"), before.at("epoch"));
}

// R5: what it last knew was that it is the primary, and nobody tells it better.
TEST_F(Combination, AHostThatIsBackWhileTheControllerIsAwayDoesNotServe) {
    const auto writers = begin_writing();
    lose_host(bed(), "a");
    expect_writes(*writers);
    bed().controller().end(SIGKILL, in(soon));
    bed().network().heal("a");
    bed().agent("a").start();
    expect_no_writes_on("a", Milliseconds{8000});
    expect_writes(*writers);
    bed().start_controller();
    expect_in_sync_under("b");
    expect_nothing_lost(*writers);
}

// R5: without its agent's ticket a database does not come up; with its agent it joins the new
// primary.
TEST_F(Combination, TheOldPrimaryDoesNotStartByHand) {
    const auto writers = begin_writing();
    lose_host(bed(), "a");
    expect_writes(*writers);
    bed().network().heal("a");
    const auto started = start_by_hand("a");
    EXPECT_NE(started.status, 0) << started.output << started.errors;
    expect_no_writes_on("a", Milliseconds{1000});
    expect_writes(*writers);
    bed().start_agent("a");
    expect_in_sync_under("b");
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
