#include "platform/cgroup.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "platform/process.h"
#include "tests/support/eventually.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

/// A server with a child in its folder and another that went elsewhere, in a session of its own.
class Cgroup : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(become_subreaper());
        auto made = make_cgroup("lockstep-test-" + std::to_string(::getpid()));
        if (!made) {
            GTEST_SKIP() << made.error().message;
        }
        cgroup_ = std::move(*made);
    }
    void TearDown() override {
        if (!cgroup_.empty()) {
            EXPECT_TRUE(kill_cgroup(cgroup_));
            EXPECT_TRUE(eventually([this] {
                static_cast<void>(reap_children());
                return processes_in_cgroup(cgroup_).empty();
            }));
            std::filesystem::remove(cgroup_);
        }
    }
    ProcessId start_server() {
        const Command command{
            {"/bin/sh", "-c",
             "setsid sh -c 'cd /; exec sleep 1001' & sleep 1002 & exec sleep 1003"},
            {},
            folder_.path(),
            cgroup_};
        const auto server = launch_detached(command, elsewhere_ / "log");
        EXPECT_TRUE(server) << (server ? "" : server.error().message);
        EXPECT_TRUE(eventually([this] {
            return processes_in_cgroup(cgroup_).size() == 3 &&
                   processes_in(folder_.path()).size() == 2;
        }));
        return *server;
    }

    asio::io_context context_;
    TemporaryFolder folder_;
    TemporaryFolder elsewhere_;
    std::filesystem::path cgroup_;
};

TEST_F(Cgroup, AFenceByItAlsoKillsWhatHasGoneElsewhere) {
    const auto server = start_server();
    const auto deadline = Deadline::in(std::chrono::seconds{20});
    EXPECT_TRUE(run_to_end(context_, kill_all_in(folder_.path(), server, deadline, cgroup_)));
    EXPECT_TRUE(processes_in_cgroup(cgroup_).empty());
    EXPECT_TRUE(processes_in(folder_.path()).empty());
    EXPECT_FALSE(identify(server.pid));
}

TEST_F(Cgroup, AFenceByWorkingDirectoryLeavesThatOne) {
    const auto server = start_server();
    const auto deadline = Deadline::in(std::chrono::seconds{20});
    EXPECT_TRUE(run_to_end(context_, kill_all_in(folder_.path(), server, deadline)));
    EXPECT_TRUE(processes_in(folder_.path()).empty());
    EXPECT_EQ(processes_in_cgroup(cgroup_).size(), 1U);
}

TEST_F(Cgroup, OneThatIsGoneIsNoHindranceToTheFence) {
    const auto server = start_server();
    const auto deadline = Deadline::in(std::chrono::seconds{20});
    EXPECT_TRUE(
        run_to_end(context_, kill_all_in(folder_.path(), server, deadline, "/nowhere/lockstep")));
    EXPECT_TRUE(processes_in(folder_.path()).empty());
}

TEST_F(Cgroup, AServerThatCannotJoinIsNotStarted) {
    const Command command{{"/bin/true"}, {}, folder_.path(), "/nowhere/lockstep"};
    const auto started = launch_detached(command, elsewhere_ / "log");
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, Errc::refused);
    EXPECT_NE(started.error().message.find("/nowhere/lockstep"), std::string::npos);
}

} // namespace
} // namespace lockstep
