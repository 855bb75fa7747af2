#include "agent/guardian.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/guard_page.h"
#include "platform/clock.h"
#include "tests/support/eventually.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

constexpr Milliseconds lost_after{1500};

/// A guardian in a process of its own, and a server that is a process in its data folder. The test
/// is the agent.
class GuardianTest : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(plan_.data);
        std::ofstream(plan_.ticket) << "ticket\n";
        const Command command{{"/bin/sleep", "1000"}, {}, plan_.data};
        server_ = launch_detached(command, folder_ / "log").value();
    }
    void TearDown() override {
        for (const pid_t guardian : guardians_) {
            ::kill(guardian, SIGKILL);
            ::waitpid(guardian, nullptr, 0);
        }
        ::kill(server_.pid, SIGKILL);
        static_cast<void>(reap_children());
    }

    pid_t start_guardian() {
        const pid_t guardian = ::fork();
        if (guardian == 0) {
            ::_exit(run_guardian(plan_));
        }
        guardians_.push_back(guardian);
        EXPECT_TRUE(eventually([&] { return page_.in_charge() == guardian; }));
        return guardian;
    }
    void feed(std::optional<Milliseconds> limit) { page_.feed({server_, limit, boot_time()}); }
    [[nodiscard]] bool server_lives() const { return identify(server_.pid).has_value(); }
    static void pass(Milliseconds span) {
        EXPECT_FALSE(eventually([] { return false; }, span));
    }
    /// Feeds good news for a while.
    void feed_for(Milliseconds span) {
        const auto end = boot_time() + span;
        while (boot_time() < end) {
            feed(boot_time() + Milliseconds{5000});
            pass(Milliseconds{50});
        }
    }

    TemporaryFolder folder_;
    GuardianPlan plan_{folder_ / "page", folder_ / "data", folder_ / "ticket", lost_after, {}};
    GuardPage page_ = GuardPage::open(plan_.page).value();
    ProcessId server_;
    std::vector<pid_t> guardians_;
};

TEST_F(GuardianTest, EndsAStrictPrimaryWhoseAgentIsSilentForTooLong) { // R6
    start_guardian();
    feed_for(lost_after + Milliseconds{500});
    ASSERT_TRUE(server_lives());
    const auto silent_since = boot_time();
    EXPECT_TRUE(eventually([&] { return !server_lives(); }, std::chrono::seconds{20}));
    EXPECT_GE(boot_time() - silent_since, lost_after - Milliseconds{100});
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(plan_.ticket); }));
    EXPECT_TRUE(page_.was_fenced(server_));
}

TEST_F(GuardianTest, EndsAStrictPrimaryThatItsTalkingAgentDoesNotEnd) { // R6
    start_guardian();
    const auto limit = boot_time();
    EXPECT_TRUE(eventually(
        [&] {
            feed(limit);
            return !server_lives();
        },
        std::chrono::seconds{20}));
    EXPECT_GE(boot_time() - limit, Milliseconds{1000}) << "the agent is given a second";
}

TEST_F(GuardianTest, LeavesWhatNeedsNoFenceAloneForEver) { // R6
    start_guardian();
    feed(std::nullopt);
    pass(2 * lost_after);
    EXPECT_TRUE(server_lives());
    EXPECT_TRUE(std::filesystem::exists(plan_.ticket));
}

TEST_F(GuardianTest, TheOneOfALaterAgentTakesOverAndNothingIsTouched) {
    const pid_t first = start_guardian();
    feed(boot_time() + Milliseconds{5000});
    const pid_t second = start_guardian();
    int status = -1;
    EXPECT_TRUE(eventually([&] {
        feed(boot_time() + Milliseconds{5000});
        return ::waitpid(first, &status, WNOHANG) == first;
    }));
    EXPECT_EQ(status, 0);
    std::erase(guardians_, first);
    feed_for(lost_after);
    EXPECT_TRUE(server_lives());
    EXPECT_EQ(page_.in_charge(), second);
    EXPECT_TRUE(std::filesystem::exists(plan_.ticket));
}

TEST_F(GuardianTest, RemovesTheTicketOfADeadServerThatNobodyCleansUpAfter) { // DECISIONS.md 1
    const pid_t guardian = start_guardian();
    feed(std::nullopt);
    pass(Milliseconds{600}); // It sees the server live.
    ::kill(server_.pid, SIGKILL);
    EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(plan_.ticket); },
                           std::chrono::seconds{20}));
    int status = -1;
    EXPECT_TRUE(eventually([&] { return ::waitpid(guardian, &status, WNOHANG) == guardian; },
                           std::chrono::seconds{20}))
        << "nothing is left to guard";
    EXPECT_EQ(status, 0);
    std::erase(guardians_, guardian);
}

TEST_F(GuardianTest, WithoutItsPageItDoesNothingAndGoes) {
    const pid_t guardian = start_guardian();
    feed(boot_time());
    std::filesystem::remove(plan_.page);
    int status = -1;
    EXPECT_TRUE(eventually([&] { return ::waitpid(guardian, &status, WNOHANG) == guardian; }));
    std::erase(guardians_, guardian);
    EXPECT_TRUE(server_lives());
}

TEST(GuardPage, HoldsWhatWasFedLastAlsoForALaterAgent) {
    const TemporaryFolder folder;
    {
        auto page = GuardPage::open(folder / "page").value();
        EXPECT_FALSE(page.last());
        page.feed({ProcessId{7, 70}, Milliseconds{9000}, Milliseconds{4000}});
        page.feed({ProcessId{8, 80}, std::nullopt, Milliseconds{5000}});
    }
    const auto page = GuardPage::open(folder / "page").value();
    EXPECT_EQ(page.last(), (Feed{ProcessId{8, 80}, std::nullopt, Milliseconds{5000}}));
}

TEST(GuardPage, OfAnotherLayoutBeginsAnew) {
    const TemporaryFolder folder;
    std::ofstream(folder / "page") << std::string(4096, 'x');
    const auto page = GuardPage::open(folder / "page").value();
    EXPECT_FALSE(page.last());
    EXPECT_EQ(page.in_charge(), 0);
}

} // namespace
} // namespace lockstep
