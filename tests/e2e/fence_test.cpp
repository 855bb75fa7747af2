#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/e2e/bed.h"

/// Who serves when nobody is there to ask: boot, fence and door (R5, R6, R9).
namespace lockstep::e2e {
namespace {

class Fence : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
    }

    /// What a client on a's own host is told; empty: it is let in.
    std::string told_beside_a() {
        bed().network().enter("a");
        Session session;
        auto told = session.connect(bed().superuser_of("a"), in(Milliseconds{10000}));
        bed().network().enter(Testbed::client_host);
        return told;
    }
    template <class Condition> void expect_soon(const std::string& what, Condition condition) {
        const auto by = in(Milliseconds{30000});
        while (!condition()) {
            ASSERT_LT(Clock::now(), by) << "never seen: " << what;
            std::this_thread::sleep_for(Milliseconds{20});
        }
    }
    static Milliseconds since(Clock::time_point then) {
        return std::chrono::duration_cast<Milliseconds>(Clock::now() - then);
    }
};

// About 45 s.
TEST_F(Fence, WithoutAControllerTheStreamAloneSaysWhoServes) {
    const auto before = bed().pair();
    const auto writers = begin_writing();
    lose_controller();
    expect_writes(*writers);

    // R5: restart in place, behind the door; the standby's stream opens it.
    const auto crashed = Clock::now();
    const pid_t first = bed().postmaster("a");
    ASSERT_EQ(kill(first, SIGKILL), 0);
    expect_writes(*writers);
    std::cout << "controller away, primary killed: written again after " << since(crashed).count()
              << " ms\n";
    const pid_t second = bed().postmaster("a");
    EXPECT_NE(second, first);
    EXPECT_EQ(told_beside_a(), "");

    // R6: it hears nobody any more, so it stops serving; then it waits behind the door, once.
    const auto isolated = Clock::now();
    bed().network().cut("a");
    expect_soon("the isolated primary stops", [&] { return kill(second, 0) != 0; });
    std::cout << "isolated primary stopped after " << since(isolated).count() << " ms\n";
    EXPECT_GT(since(isolated), Milliseconds{3000});
    expect_soon("it waits behind its door",
                [&] { return told_beside_a().find("no pg_hba.conf entry") != std::string::npos; });
    const pid_t third = bed().postmaster("a");
    std::this_thread::sleep_for(Milliseconds{6000}); // Longer than fence_after: no flapping.
    EXPECT_EQ(bed().postmaster("a"), third);
    EXPECT_NE(told_beside_a(), "");

    bed().network().heal("a");
    expect_writes(*writers);
    EXPECT_EQ(bed().postmaster("a"), third);
    bed().start_controller();
    EXPECT_EQ(expect_in_sync_under("a").at("epoch"), before.at("epoch"));
    expect_nothing_lost(*writers);
}

/// Agents that count as lost after 8 s instead of 30: a restart takes less, however busy the
/// machine is.
class Guarded : public EndToEnd {
protected:
    void SetUp() override {
        EndToEnd::SetUp();
        for (const auto& member : members()) {
            std::ofstream(bed().configuration_of(member), std::ios::app)
                << "[guardian]\nagent_lost_after_ms = 8000\n";
        }
        bed().form();
    }
};

// About 45 s.
TEST_F(Guarded, AFrozenAgentsDatabaseIsEndedAndARestartedOnesIsNot) { // R6
    const auto writers = begin_writing();
    const pid_t postmaster = bed().postmaster("a");
    bed().agent("a").end(SIGKILL, in(Milliseconds{20000}));
    bed().start_agent("a");
    std::this_thread::sleep_for(Milliseconds{9000}); // Longer than agent_lost_after.
    EXPECT_EQ(bed().postmaster("a"), postmaster) << "the restarted agent took over";
    expect_writes(*writers);

    const auto frozen = Clock::now();
    ASSERT_EQ(kill(bed().agent("a").pid(), SIGSTOP), 0);
    while (kill(postmaster, 0) == 0 && Clock::now() < frozen + Milliseconds{40000}) {
        std::this_thread::sleep_for(Milliseconds{20});
    }
    EXPECT_NE(kill(postmaster, 0), 0) << "the guardian did not end it";
    std::cout << "agent frozen: its strict primary was ended after "
              << std::chrono::duration_cast<Milliseconds>(Clock::now() - frozen).count() << " ms\n";
    const auto ticket = bed().run_dir_of("a") / "a.conf";
    const auto by = in(Milliseconds{20000});
    while (std::filesystem::exists(ticket) && Clock::now() < by) {
        std::this_thread::sleep_for(Milliseconds{20});
    }
    EXPECT_FALSE(std::filesystem::exists(ticket));
    expect_writes(*writers);
    EXPECT_EQ(primary(), "b");

    ASSERT_EQ(kill(bed().agent("a").pid(), SIGCONT), 0);
    expect_in_sync_under("b");
    expect_event("fenced by guardian", "silent for too long", Milliseconds{20000});
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
