#include "platform/process.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "platform/files.h"
#include "tests/support/eventually.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

// Only for what hangs: no test waits for it to pass.
Deadline soon() {
    return Deadline::in(milliseconds{20'000});
}

Command shell(const std::string& script) {
    return Command{{"/bin/sh", "-c", script}, {}, {}};
}

bool reaps(pid_t pid, const std::string& how) {
    return eventually([&] {
        for (const auto& reaped : reap_children()) {
            if (reaped.pid == pid) {
                EXPECT_EQ(reaped.how, how);
                return true;
            }
        }
        return false;
    });
}

class Process : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(become_subreaper()); }

    Result<ToolResult> run(const Command& command, Deadline deadline = soon(),
                           std::function<void(std::string_view)> on_line = {}) {
        return run_to_end(context_, run_tool(command, deadline, std::move(on_line)));
    }
    ProcessId launch(const std::string& script) {
        auto command = shell(script);
        command.folder = folder_.path();
        const auto process = launch_detached(command, log_);
        EXPECT_TRUE(process) << (process ? "" : process.error().message);
        return *process;
    }
    Result<void> fence(std::optional<ProcessId> main) {
        return run_to_end(context_, kill_all_in(folder_.path(), main, soon()));
    }

    asio::io_context context_;
    TemporaryFolder folder_;
    TemporaryFolder elsewhere_;
    std::filesystem::path log_ = elsewhere_ / "server.log";
};

TEST_F(Process, IdentifiesTheLivingOnly) {
    const auto self = identify(getpid());
    ASSERT_TRUE(self);
    EXPECT_EQ(*self, identify(getpid()).value());
    EXPECT_GT(self->start_ticks, 0U);
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(identify(child).error().code, Errc::unreachable); // A zombie.
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_EQ(identify(child).error().code, Errc::unreachable);
}

// As a killed server for a moment: its other threads may still be in the midst of a write.
TEST_F(Process, LivesUntilItsLastThreadIsGone) {
    const auto process = launch("exec python3 -c 'import ctypes, threading, time\n"
                                "threading.Thread(target=time.sleep, args=(1000,)).start()\n"
                                "ctypes.CDLL(None).pthread_exit(None)'");
    const auto first_thread = "/proc/" + std::to_string(process.pid) + "/cwd";
    ASSERT_TRUE(eventually([&] {
        std::error_code unreadable;
        static_cast<void>(std::filesystem::read_symlink(first_thread, unreadable));
        return unreadable == std::errc::no_such_file_or_directory;
    }));
    EXPECT_EQ(identify(process.pid).value(), process);
    EXPECT_EQ(processes_in(folder_.path()), std::vector{process.pid});
    ASSERT_TRUE(fence(process));
    EXPECT_FALSE(identify(process.pid));
}

TEST_F(Process, IsNotMisledByTheNameOfAProgram) {
    // The name stands in /proc/PID/stat in front of what identify() reads.
    const auto odd = folder_ / "a) Z 1 (b";
    std::filesystem::copy_file("/bin/sleep", odd);
    const auto process = launch_detached(Command{{odd.string(), "1000"}, {}, {}}, log_);
    ASSERT_TRUE(process);
    EXPECT_TRUE(eventually([&] { return identify(process->pid) == *process; }));
    kill(process->pid, SIGKILL);
    EXPECT_TRUE(reaps(process->pid, "killed by signal 9"));
}

TEST_F(Process, ALaunchedServerHasItsOwnSessionFolderAndLog) {
    std::ofstream(log_) << "before\n";
    auto command = shell("pwd; echo $COLOUR >&2; cat; exec sleep 1000");
    command.folder = folder_.path();
    command.env = {"COLOUR=green"};
    const auto process = launch_detached(command, log_);
    ASSERT_TRUE(process);
    const auto wanted = "before\n" + folder_.path().string() + "\ngreen\n";
    EXPECT_TRUE(eventually([&] { return read_file(log_).value() == wanted; }));
    EXPECT_EQ(getsid(process->pid), process->pid);
    EXPECT_EQ(identify(process->pid).value(), *process);
    kill(process->pid, SIGKILL);
    EXPECT_TRUE(reaps(process->pid, "killed by signal 9"));
}

TEST_F(Process, ALaunchedServerInheritsNoDescriptorAndNoSignalSetting) {
    const int leaked = dup(STDOUT_FILENO); // As Asio makes its sockets: without close-on-exec.
    std::signal(SIGPIPE, SIG_IGN);
    const auto result = run(shell("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status"));
    std::signal(SIGPIPE, SIG_DFL);
    close(leaked);
    ASSERT_TRUE(result);
    // Three streams, and the one with which ls reads the folder.
    EXPECT_EQ(result->output, "4\nSigIgn:\t0000000000000000\n");
}

TEST_F(Process, WhatCannotBeExecutedIsRefusedAndNamed) {
    for (const auto& command :
         {Command{{"/nowhere/postgres"}, {}, {}}, Command{{"/etc/passwd"}, {}, {}},
          Command{{"/bin/true"}, {}, "/nowhere"}}) {
        const auto launched = launch_detached(command, log_);
        ASSERT_FALSE(launched);
        EXPECT_EQ(launched.error().code, Errc::refused);
        EXPECT_NE(launched.error().message.find(command.argv[0]), std::string::npos);
        const auto ran = run(command);
        ASSERT_FALSE(ran);
        EXPECT_EQ(ran.error(), launched.error());
    }
    const auto no_log = launch_detached(shell("true"), "/nowhere/log");
    EXPECT_EQ(no_log.error().code, Errc::refused);
}

TEST_F(Process, ReapingTellsHowEachEnded) {
    const auto failed = launch("exit 3");
    EXPECT_TRUE(reaps(failed.pid, "exit status 3"));
    const auto killed = launch("kill -TERM $$");
    EXPECT_TRUE(reaps(killed.pid, "killed by signal 15"));
}

TEST_F(Process, OrphansAreReapedToo) {
    const auto parent = launch("mkfifo gate; sh -c 'read go < gate; exit 7' & echo $! > orphan; "
                               "exec sleep 1000");
    pid_t orphan = 0;
    EXPECT_TRUE(eventually([&] { return bool(std::ifstream(folder_ / "orphan") >> orphan); }));
    kill(parent.pid, SIGKILL);
    EXPECT_TRUE(reaps(parent.pid, "killed by signal 9"));
    std::ofstream(folder_ / "gate") << "go\n";
    EXPECT_TRUE(reaps(orphan, "exit status 7"));
}

TEST_F(Process, ADeathIsLearnedFromTheKernel) {
    const auto process = launch("exec sleep 1000");
    auto watch = DeathWatch::open(context_.get_executor(), process);
    ASSERT_TRUE(watch);
    bool dead = false;
    const auto wait = [&]() -> Awaitable<void> {
        co_await (*watch)->dead();
        dead = true;
    };
    asio::co_spawn(context_, wait, asio::detached);
    context_.poll();
    EXPECT_FALSE(dead);
    kill(process.pid, SIGKILL);
    context_.run();
    EXPECT_TRUE(dead);
    EXPECT_TRUE(reaps(process.pid, "killed by signal 9"));
}

TEST_F(Process, AWatchNeedsThisVeryProcess) {
    const auto process = launch("exec sleep 1000");
    const ProcessId earlier{process.pid, process.start_ticks - 1};
    const auto other = DeathWatch::open(context_.get_executor(), earlier);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::unreachable);
    EXPECT_NE(other.error().message.find("another one has its pid"), std::string::npos);
    kill(process.pid, SIGKILL);
    EXPECT_TRUE(eventually([&] { return !identify(process.pid); }));
    const auto zombie = DeathWatch::open(context_.get_executor(), process);
    EXPECT_EQ(zombie.error().code, Errc::unreachable);
    EXPECT_TRUE(reaps(process.pid, "killed by signal 9"));
    const auto gone = DeathWatch::open(context_.get_executor(), process);
    EXPECT_EQ(gone.error().code, Errc::unreachable);
}

TEST_F(Process, AClosedWatchDoesNotReportADeath) {
    const auto process = launch("exec sleep 1000");
    auto watch = DeathWatch::open(context_.get_executor(), process).value();
    error_code ended;
    const auto wait = [&]() -> Awaitable<void> {
        try {
            co_await watch->dead();
        } catch (const boost::system::system_error& error) {
            ended = error.code();
        }
    };
    asio::co_spawn(context_, wait, asio::detached);
    context_.poll();
    watch->close();
    context_.run();
    EXPECT_EQ(ended, asio::error::operation_aborted);
    kill(process.pid, SIGKILL);
    EXPECT_TRUE(reaps(process.pid, "killed by signal 9"));
}

TEST_F(Process, AToolGivesItsStatusOutputAndLines) {
    std::vector<std::string> lines;
    const auto result = run(shell("printf 'one\\n\\n10%%\\r20%%\\r\\n'; printf last >&2; exit 5"),
                            soon(), [&](std::string_view line) { lines.emplace_back(line); });
    ASSERT_TRUE(result);
    EXPECT_EQ(result->exit_status, 5);
    EXPECT_EQ(result->output, "one\n\n10%\r20%\r\nlast");
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "10%", "20%", "last"}));
}

TEST_F(Process, AToolKilledByASignalHas128More) {
    EXPECT_EQ(run(shell("kill -9 $$"))->exit_status, 137);
}

TEST_F(Process, OfLongOutputTheEndIsKeptAndLongLinesComeInPieces) {
    std::size_t longest = 0;
    std::size_t total = 0;
    const auto result = run(shell("head -c 1000000 /dev/zero | tr '\\0' x; echo end"), soon(),
                            [&](std::string_view line) {
                                longest = std::max(longest, line.size());
                                total += line.size();
                            });
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output.size(), 16384U);
    EXPECT_TRUE(result->output.ends_with("xend\n"));
    EXPECT_EQ(longest, 4096U);
    EXPECT_EQ(total, 1'000'003U);
}

TEST_F(Process, AToolIsKilledWithItsChildrenAtTheDeadline) {
    auto command = shell("sleep 1000 & sleep 1000");
    command.folder = folder_.path();
    const auto result = run(command, Deadline::in(milliseconds{100}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::timeout);
    EXPECT_NE(result.error().message.find("/bin/sh"), std::string::npos);
    EXPECT_TRUE(eventually([&] { return processes_in(folder_.path()).empty(); }));
}

TEST_F(Process, ACancelledToolIsKilled) {
    auto command = shell("sleep 1000 & sleep 1000");
    command.folder = folder_.path();
    asio::cancellation_signal cancel;
    bool aborted = false;
    asio::co_spawn(context_, run_tool(command, soon()),
                   asio::bind_cancellation_slot(
                       cancel.slot(), [&](std::exception_ptr error, const Result<ToolResult>&) {
                           aborted = error != nullptr;
                       }));
    EXPECT_TRUE(eventually([&] {
        context_.poll();
        return processes_in(folder_.path()).size() >= 2;
    }));
    cancel.emit(asio::cancellation_type::all);
    context_.run();
    EXPECT_TRUE(aborted);
    EXPECT_TRUE(eventually([&] { return processes_in(folder_.path()).empty(); }));
    static_cast<void>(reap_children());
}

TEST_F(Process, AToolThatLeavesAChildBehindStillEnds) {
    auto command = shell("sleep 1000 & echo done");
    command.folder = folder_.path();
    const auto result = run(command); // The child holds the pipe.
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output, "done\n");
    EXPECT_TRUE(eventually([&] { return processes_in(folder_.path()).empty(); }));
}

TEST_F(Process, ReapingDoesNotTakeAToolsExitStatus) {
    std::atomic<bool> stop = false;
    std::vector<pid_t> others;
    std::thread reaper([&] {
        while (!stop) {
            for (const auto& reaped : reap_children()) {
                others.push_back(reaped.pid);
            }
        }
    });
    std::vector<pid_t> tools;
    for (int i = 0; i < 100; ++i) {
        const auto result = run(shell("echo $$; exit " + std::to_string(i)));
        EXPECT_TRUE(result);
        EXPECT_EQ(result ? result->exit_status : -1, i);
        tools.push_back(std::stoi(result ? result->output : "0"));
    }
    stop = true;
    reaper.join();
    for (const pid_t other : others) { // Orphans of earlier tests may be among them.
        EXPECT_EQ(std::find(tools.begin(), tools.end(), other), tools.end());
    }
}

TEST_F(Process, FindsThoseInAFolderAndBelowIt) {
    std::filesystem::create_directory(folder_ / "base");
    const auto above = launch("exec sleep 1000");
    const auto below = launch("cd base && exec sleep 1000");
    EXPECT_TRUE(eventually([&] { return processes_in(folder_ / "base").size() == 1; }));
    EXPECT_EQ(processes_in(folder_ / "base").front(), below.pid);
    EXPECT_EQ(processes_in(folder_.path()).size(), 2U);
    EXPECT_TRUE(processes_in(folder_ / "bas").empty()); // Only whole names.
    EXPECT_TRUE(fence(std::nullopt));
    EXPECT_FALSE(identify(above.pid));
}

TEST_F(Process, AFenceLeavesNothingOfAServerThatKeepsForking) {
    // Each child in a session of its own, as PostgreSQL's are in process groups of their own.
    const auto server =
        launch("i=0; while [ $i -lt 300 ]; do setsid sh -c 'sleep 1000 & sleep 1000' & "
               "i=$((i+1)); done; wait");
    EXPECT_TRUE(eventually([&] { return processes_in(folder_.path()).size() > 20; }));
    ASSERT_TRUE(fence(server));
    EXPECT_TRUE(processes_in(folder_.path()).empty());
    EXPECT_FALSE(identify(server.pid));
    // No zombie of it is left either: a server does not start while one holds its pid.
    EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(server.pid)));
}

TEST_F(Process, AFenceOfTheDeadSucceedsAndHarmsNobodyElse) {
    const auto server = launch("exit 0");
    EXPECT_TRUE(reaps(server.pid, "exit status 0"));
    EXPECT_TRUE(fence(server));
    // Its pid belongs to another process now, as far as the fence can see.
    EXPECT_TRUE(fence(ProcessId{getpid(), 1}));
    EXPECT_TRUE(identify(getpid()));
}

TEST_F(Process, AFenceAlsoKillsTheStoppedAndThoseInADeletedFolder) {
    const auto inner = folder_ / "data";
    std::filesystem::create_directory(inner);
    const auto server = launch("cd data && exec sleep 1000");
    EXPECT_TRUE(eventually([&] { return processes_in(inner).size() == 1; }));
    kill(server.pid, SIGSTOP);
    std::filesystem::remove(inner);
    EXPECT_EQ(processes_in(inner).size(), 1U);
    EXPECT_TRUE(fence(server));
    EXPECT_FALSE(identify(server.pid));
}

} // namespace
} // namespace lockstep
