#include "tests/support/testbed/floor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/testbed/cleanup.h"
#include "tests/support/testbed/plain_server.h"

namespace lockstep::testbed {

namespace {

constexpr std::uint16_t port = 6433;
constexpr std::array addresses{"127.0.77.21", "127.0.77.22"};
constexpr std::uint64_t writes_before = 100; // Acknowledged before the primary is killed.
constexpr std::uint64_t writes_after = 100;
constexpr Milliseconds patience{20000};

class ToldFinder : public Finder {
public:
    explicit ToldFinder(const std::atomic<std::size_t>& primary) : primary_(primary) {}
    [[nodiscard]] Address find() override { return {addresses.at(primary_), {}}; }

private:
    const std::atomic<std::size_t>& primary_;
};

// The script beside the standby: it sleeps in the kernel until the postmaster is gone.
class DeathScript {
public:
    DeathScript(pid_t postmaster, const PlainServer& standby)
        : pidfd_(static_cast<int>(syscall(SYS_pidfd_open, postmaster, 0))), standby_(standby) {
        if (pidfd_ < 0) {
            throw Failure(std::string("pidfd_open: ") + strerrordesc_np(errno));
        }
        const auto trouble = session_.connect(standby.superuser(), in(patience));
        if (!trouble.empty()) {
            throw Failure("the floor's standby: " + trouble);
        }
    }
    ~DeathScript() { close(pidfd_); }
    DeathScript(const DeathScript&) = delete;
    DeathScript& operator=(const DeathScript&) = delete;

    void wait_and_promote() {
        pollfd wait{pidfd_, POLLIN, 0};
        if (poll(&wait, 1, static_cast<int>(patience.count())) != 1) {
            throw Failure("the floor's primary did not die");
        }
        standby_.promote(session_);
    }

private:
    int pidfd_;
    const PlainServer& standby_;
    Session session_;
};

class Pair {
public:
    explicit Pair(const FloorPlan& plan) : plan_(plan) {
        for (const auto* address : addresses) {
            servers_.push_back(
                make_plain_server({plan.engine, plan.folder / address, address, port}));
        }
        servers_[0]->create();
        make_ledger_table(servers_[0]->superuser(), in(patience));
    }
    ~Pair() { static_cast<void>(remove_installation({plan_.folder})); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    // Each run begins with the primary of the one before and a new standby.
    void run_once(Floor& floor) {
        const auto& primary = *servers_.at(primary_);
        auto& standby = *servers_.at(1 - primary_);
        standby.follow(primary);
        primary.wait_for_standby();
        auto options = plan_.writers;
        options.port = port;
        options.engine = plan_.engine;
        options.finder = [this] { return std::make_unique<ToldFinder>(primary_); };
        Writers writers(options);
        if (!writers.acknowledges(writes_before, in(patience))) {
            throw Failure("the floor's pair takes no writes");
        }
        DeathScript script(primary.process(), standby);
        const auto killed = Clock::now();
        kill(primary.process(), SIGKILL);
        script.wait_and_promote();
        primary_ = 1 - primary_;
        if (!writers.acknowledges(writes_after, in(patience))) {
            throw Failure("the floor's new primary takes no writes");
        }
        const auto ledger = writers.stop();
        floor.outages_ms.push_back(ledger.longest_gap(killed).count());
        floor.lost += ledger.account(standby.superuser()).lost;
        primary.kill_all();
    }

private:
    const FloorPlan& plan_;
    std::vector<std::unique_ptr<PlainServer>> servers_;
    std::atomic<std::size_t> primary_{0};
};

} // namespace

Floor measure_floor(const FloorPlan& plan) {
    std::filesystem::create_directories(plan.folder);
    if (geteuid() == 0) {
        must_run({{"chown", "postgres", plan.folder.string()}, {}, {}}, in(patience));
    }
    Floor floor;
    Pair pair(plan);
    for (std::size_t run = 0; run < plan.runs; ++run) {
        pair.run_once(floor);
    }
    auto sorted = floor.outages_ms;
    std::ranges::sort(sorted);
    floor.median_ms = sorted.at(sorted.size() / 2);
    return floor;
}

} // namespace lockstep::testbed
