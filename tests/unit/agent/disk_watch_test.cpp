#include "agent/disk_watch.h"

#include <sys/stat.h>

#include "tests/unit/agent/agent_bench.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class DiskWatches : public AgentTest {
protected:
    void watch(std::uint64_t ballast_bytes) {
        watch_ = std::make_unique<DiskWatch>(context_.get_executor(), driver_, state_, journal_,
                                             ballast_bytes);
        start_coroutine(context_.get_executor(), watch_->run());
    }
    template <class Condition> [[nodiscard]] bool until(Condition condition) {
        const auto give_up = Deadline::in(Milliseconds{20000});
        while (!condition() && !give_up.passed()) {
            context_.run_one_for(Milliseconds{20});
        }
        return condition();
    }
    [[nodiscard]] fs::path ballast() const { return DiskWatch::ballast_of(driver_.data_folder()); }

    asio::io_context context_{1};
    FakeDriver driver_{folder_.path() / "data"};
    LocalState state_{context_.get_executor(), "a"};
    Journal journal_{"a"};
    std::unique_ptr<DiskWatch> watch_;
};

TEST_F(DiskWatches, HoldTheBallastBesideTheDataFolderAndReallyAllocated) {
    watch(1U << 20U);
    ASSERT_TRUE(until([&] { return state_.disk.ballast_bytes == 1U << 20U; }));
    EXPECT_EQ(ballast().parent_path(), folder_.path());
    struct stat entry {};
    ASSERT_EQ(::stat(ballast().c_str(), &entry), 0);
    EXPECT_GE(entry.st_blocks * 512, 1 << 20);
    EXPECT_GT(state_.disk.free_bytes, 0U);
    EXPECT_GT(state_.disk.total_bytes, state_.disk.free_bytes);
    EXPECT_FALSE(state_.full_since);
}

TEST_F(DiskWatches, ReleaseTheBallastWhenAWriteIsRefused) {
    watch(1U << 20U);
    ASSERT_TRUE(until([&] { return state_.disk.ballast_bytes > 0; }));
    state_.no_room_at = boot_time();
    ASSERT_TRUE(until([&] { return !fs::exists(ballast()); }));
    EXPECT_FALSE(state_.full_since); // What was refused before it went does not count any more.
}

TEST_F(DiskWatches, CallTheDiskFullWhenAWriteIsRefusedAndNothingIsLeftToRelease) {
    watch(0);
    ASSERT_TRUE(until([&] { return state_.disk.total_bytes > 0; }));
    state_.no_room_at = boot_time();
    ASSERT_TRUE(until([&] { return state_.full_since.has_value(); }));
    ASSERT_EQ(journal_.alarms().size(), 1U);
    EXPECT_NE(journal_.alarms().front().find("is full and no ballast is left"), std::string::npos);
    ASSERT_TRUE(until([&] { return !state_.full_since; }));
    EXPECT_TRUE(until([&] { return journal_.alarms().empty(); }));
}

TEST_F(DiskWatches, RemoveABallastThatIsNoLongerWanted) {
    std::ofstream(ballast()) << "left by an earlier configuration";
    watch(0);
    EXPECT_TRUE(until([&] { return !fs::exists(ballast()); }));
}

TEST_F(DiskWatches, NoServerIsStartedOnAFullDisk) {
    AgentUnderTest agent("a", folder_.path());
    agent.tell(fixture::forming_record());
    ASSERT_TRUE(agent.until([&] { return agent.serves(1); }));
    agent.state.full_since = boot_time();
    ASSERT_EQ(::kill(agent.server_pid(), SIGKILL), 0);
    ASSERT_TRUE(agent.until([&] { return agent.is(ServerState::stopped); }));
    agent.run_for(Milliseconds{1000});
    EXPECT_TRUE(agent.is(ServerState::stopped));
    EXPECT_EQ(agent.seen().start_request, 0U);
    EXPECT_GT(agent.seen().disk.full_for, Milliseconds{0});
    agent.state.full_since.reset();
    EXPECT_TRUE(agent.until([&] { return agent.serves(1); }));
}

} // namespace
} // namespace lockstep
