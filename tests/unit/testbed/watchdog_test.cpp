#include "tests/support/watchdog/watchdog.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"
#include "tests/support/testbed/children.h"

namespace lockstep::testbed {
namespace {

namespace fs = std::filesystem;

/// A server of an installation: its program lies in the installation's folder.
pid_t start_server_in(const fs::path& folder) {
    fs::copy_file("/bin/sleep", folder / "server");
    return start({{(folder / "server").string(), "1000"}, {}, "/"}, "/dev/null");
}

TEST(Watchdog, RemovesTheInstallationAndWhatElseItWasToldOf) {
    const TemporaryFolder folder;
    const auto server = start_server_in(folder.path());
    const auto other = start({{"sleep", "1000"}, {}, "/"}, "/dev/null");
    {
        Watchdog watchdog({folder.path()});
        watchdog.also(other);
        EXPECT_EQ(kill(server, 0), 0);
    }
    EXPECT_FALSE(fs::exists(folder.path()));
    const auto by = in(Milliseconds{10000});
    EXPECT_EQ(wait_for(server, by), 128 + SIGKILL);
    EXPECT_EQ(wait_for(other, by), 128 + SIGKILL);
}

TEST(Watchdog, LeavesEverythingWhenDismissed) {
    const TemporaryFolder folder;
    const auto server = start_server_in(folder.path());
    {
        Watchdog watchdog({folder.path()});
        watchdog.dismiss();
    }
    EXPECT_TRUE(fs::exists(folder.path()));
    EXPECT_EQ(kill(server, SIGKILL), 0);
    EXPECT_EQ(wait_for(server, in(Milliseconds{10000})), 128 + SIGKILL);
}

// What holds the pipe's other end stands for a test run; nobody may clean up after a SIGKILL.
TEST(Watchdog, RemovesTheInstallationWhenWhoHoldsItIsKilled) {
    const TemporaryFolder folder;
    const auto server = start_server_in(folder.path());
    const auto pipe = folder.path().string() + ".pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const auto program = fs::path(LOCKSTEP_BIN_DIR) / "lockstep-watchdog";
    const auto watchdog = start({{"sh", "-c", "exec \"$0\" \"$1\" < \"$2\"", program.string(),
                                  folder.path().string(), pipe},
                                 {},
                                 "/"},
                                "/dev/null");
    const auto holder =
        start({{"sh", "-c", "exec sleep 1000 > \"$0\"", pipe}, {}, "/"}, "/dev/null");
    EXPECT_FALSE(wait_for(watchdog, in(Milliseconds{300}))) << "it ended by itself";
    EXPECT_EQ(kill(server, 0), 0);
    ASSERT_EQ(kill(holder, SIGKILL), 0);
    EXPECT_EQ(wait_for(watchdog, in(Milliseconds{20000})), 0);
    EXPECT_EQ(wait_for(server, in(Milliseconds{10000})), 128 + SIGKILL);
    EXPECT_FALSE(fs::exists(folder.path()));
    fs::remove(pipe);
}

} // namespace
} // namespace lockstep::testbed
