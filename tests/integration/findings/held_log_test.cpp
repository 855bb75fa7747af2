#include "drivers/mysql/held_log.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include "tests/integration/findings/findings_bed.h"

namespace lockstep::findings {
namespace {

/// What is told is true whatever the caller believes: the upstream itself says where the log ends
/// that the standby has.
class HeldLog : public FindingsOfOnePair {
protected:
    static mysql::HeldLog held_by_b(const std::string& applied) {
        mysql::Connection to;
        to.address = bed().a().member().address;
        to.port = bed().a().member().port;
        to.user = strict_ticket().sync_name;
        to.tls = bed().b().config().tls;
        return {to, applied, 0x7fffffffU};
    }
    static std::set<pid_t> threads_of_a() {
        const auto server = bed().a().driver().running_server().value();
        std::set<pid_t> threads;
        for (const auto& entry :
             std::filesystem::directory_iterator("/proc/" + std::to_string(server.pid) + "/task")) {
            threads.insert(std::stoi(entry.path().filename().string()));
        }
        return threads;
    }
    /// The thread that comes and goes with the wait, and that the server does not list.
    static pid_t receiver_of_acknowledgements() {
        const auto session = bed().a().session();
        std::vector<pid_t> begun;
        const auto found = [&] {
            must(bed().run(session->query(set_global(word().wait_enabled, "OFF"), soon())));
            const auto before = threads_of_a();
            must(bed().run(session->query(set_global(word().wait_enabled, "ON"), soon())));
            const auto after = threads_of_a();
            begun.clear();
            std::ranges::set_difference(after, before, std::back_inserter(begun));
            return begun.size() == 1;
        };
        EXPECT_TRUE(eventually(found, patient)); // Others may begin beside it at times.
        return begun.at(0);
    }
    static bool an_ended_stream_hangs();
};
INSTANTIATE_TEST_SUITE_P(MariaDB, HeldLog, testing::Values(Flavour::mariadb));

TEST_P(HeldLog, IsNotAcknowledgedBeyondWhatIsApplied) {
    const auto applied = bed().b().sql("SELECT @@global.gtid_slave_pos");
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    const auto held = held_by_b(applied);
    const auto seen = mysql::look_for_waiting(held, soon());
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_TRUE(seen->waits);
    EXPECT_FALSE(seen->end);
    EXPECT_TRUE(mysql::begin_to_acknowledge(held, seen->end, soon()));
    EXPECT_FALSE(is_answered(bed(), writer, never));
    bed().b().thaw();
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

TEST_P(HeldLog, IsRefusedInWordsToWhomNobodyGranted) {
    bed().b().freeze();
    const auto writer = hanging_commit(bed());
    auto held = held_by_b("0-1-1");
    held.upstream.user = "ls_b_999999";
    const auto told = mysql::look_for_waiting(held, soon());
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code, Errc::refused);
    EXPECT_NE(told.error().message.find("ls_b_999999"), std::string::npos) << told.error().message;
    bed().b().thaw();
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

/// One thread of a server stops where it is. (Under ptrace(2), which a test as root may use.)
class HaltedThread {
public:
    explicit HaltedThread(pid_t thread) : thread_(thread) {
        if (ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0 ||
            ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0 ||
            waitpid(thread_, nullptr, __WALL) != thread_) {
            throw std::runtime_error("the thread cannot be halted: " +
                                     std::string(strerrordesc_np(errno)));
        }
    }
    HaltedThread(const HaltedThread&) = delete;
    HaltedThread& operator=(const HaltedThread&) = delete;
    ~HaltedThread() { ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }

private:
    pid_t thread_;
};

bool HeldLog::an_ended_stream_hangs() {
    const std::string streams = "SELECT IFNULL(MAX(ID), 0) FROM information_schema.processlist "
                                "WHERE COMMAND = 'Binlog Dump'";
    const auto clients = [] { return status(bed(), bed().a(), word().acknowledging_streams); };
    bed().b().sql(std::string(word().stop_receiver));
    EXPECT_TRUE(eventually([&] { return bed().a().sql(streams) == "0"; }, patient));
    const pid_t receiver = receiver_of_acknowledgements();
    std::string ended = "0";
    const auto is_gone = [&ended] {
        return bed().a().sql("SELECT COUNT(*) FROM information_schema.processlist WHERE ID = " +
                             ended) == "0";
    };
    {
        const HaltedThread halted(receiver);
        bed().b().sql(std::string(word().start_receiver));
        if (!eventually([&] { return clients() == "1"; }, Milliseconds{2000})) {
            return false; // It was halted where the stream's beginning waits for it.
        }
        ended = bed().a().sql(streams);
        bed().a().sql("KILL CONNECTION " + ended);
        EXPECT_TRUE(eventually([&] { return clients() == "0"; }, patient));
        // It is told next that the stream has ended; it would have to answer.
        static_cast<void>(eventually(is_gone, Milliseconds{100}));
    }
    return !eventually(is_gone, Milliseconds{500});
}

// Its receiver of acknowledgements does not hear of a stream that was ended before it had heard of
// its beginning: that stream waits for its word for ever, and the standby's next one for the end of
// that one.
TEST_P(HeldLog, FINDING_13_AStreamThatHangsBehindAnEndedOneIsFreed) {
    // Which thread is halted, and that what it misses has happened by then, is not to be seen.
    ASSERT_TRUE(eventually([] { return an_ended_stream_hangs(); }, patient))
        << "what the engine does by itself";
    const auto writer = hanging_commit(bed());
    EXPECT_FALSE(is_answered(bed(), writer, never)) << "what the engine does by itself";
    std::string done;
    const auto frees = [&] {
        static_cast<void>(bed().b().observe()); // As its agent does all the time.
        done = must(bed().run(bed().b().driver().acknowledge_held(soon())));
        return !done.empty();
    };
    EXPECT_TRUE(eventually(frees, patient));
    EXPECT_TRUE(done.starts_with("began a stream")) << done;
    EXPECT_TRUE(is_answered(bed(), writer, patient));
}

} // namespace
} // namespace lockstep::findings
