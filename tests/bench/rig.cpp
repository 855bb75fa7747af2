#include "tests/bench/rig.h"

#include <atomic>
#include <cstring>
#include <thread>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/clients.h"
#include "tests/bench/filling.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr std::uint64_t settled_writes = 200;
constexpr std::uint64_t some_writes = 50;
constexpr Milliseconds patience{20000};         // For writes.
constexpr Milliseconds redundant_within{90000}; // A standby lost twice is let in after 30 s.

struct Fault {
    Clock::time_point at = Clock::now();
    std::int64_t unix_ms = std::chrono::duration_cast<Milliseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
};

std::int64_t ms_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

// Notes when a process is gone.
class DeathWatch {
public:
    explicit DeathWatch(pid_t process)
        : pidfd_(static_cast<int>(syscall(SYS_pidfd_open, process, 0))),
          thread_([this](const std::stop_token& stopped) { watch(stopped); }) {
        if (pidfd_ < 0) {
            throw Failure(std::string("pidfd_open: ") + strerrordesc_np(errno));
        }
    }
    ~DeathWatch() {
        thread_.request_stop();
        thread_.join();
        close(pidfd_);
    }
    DeathWatch(const DeathWatch&) = delete;
    DeathWatch& operator=(const DeathWatch&) = delete;

    /// Empty: it is not gone.
    [[nodiscard]] std::optional<Clock::time_point> died() const {
        const auto at = died_.load();
        return at == Clock::duration::zero() ? std::nullopt : std::optional(Clock::time_point(at));
    }

private:
    void watch(const std::stop_token& stopped) {
        while (!stopped.stop_requested()) {
            pollfd wait{pidfd_, POLLIN, 0};
            if (poll(&wait, 1, 50) == 1) {
                died_ = Clock::now().time_since_epoch();
                return;
            }
        }
    }

    int pidfd_;
    std::atomic<Clock::duration> died_{Clock::duration::zero()};
    std::jthread thread_;
};

void must_write(const Clients& clients, std::uint64_t more, Testbed& bed, const char* when) {
    if (!clients.acknowledges(more, in(patience))) {
        throw Failure(std::string("no writes ") + when + "\n" + bed.state_of_things());
    }
}

std::uint64_t last_event(Testbed& bed) {
    const auto newest = bed.ask({"events", "shop", "--limit", "1"});
    const auto& events = newest.is_array() ? newest : newest.at("events");
    return events.empty() ? 0 : events.back().at("id").get<std::uint64_t>();
}

void wait_until_over(Testbed& bed, const Scenario& scenario, const Stage& stage,
                     const Json& revision_before) {
    bed.wait_for_pair(
        "be in sync again",
        [&](const Json& pair) {
            if (pair.at("phase") != "in sync") {
                return false;
            }
            switch (scenario.end) {
            case End::under_the_other: return pair.at("primary") == stage.standby;
            case End::renewed:
                return pair.at("primary") == stage.primary &&
                       pair.at("revision") != revision_before;
            case End::either: return true;
            }
            return false;
        },
        redundant_within);
}

PhaseTimes phases_of(const Timeline& timeline, End end) {
    if (const auto& relaxation = timeline.relaxation; end == End::renewed && relaxation) {
        return {{"detect", relaxation->detect},
                {"decide", relaxation->decide},
                {"relax", relaxation->relax}};
    }
    if (!timeline.promoted) {
        return {};
    }
    const auto& phases = timeline.phases;
    return {{"detect", phases.detect},
            {"decide", phases.decide},
            {"promote", phases.promote},
            {"publish", phases.publish},
            {"first_write", phases.first_write}};
}

Account account_of(const Clients::Ledgers& ledgers, Testbed& bed) {
    const auto primary = bed.pair().at("primary").get<std::string>();
    return ledgers.all.account(bed.reader_of(primary));
}

std::uint64_t failures_of(const Ledger& ledger) {
    std::uint64_t failed = ledger.failed_connections.size();
    for (const auto& write : ledger.writes) {
        failed += write.end == Session::End::answered ? 0 : 1;
    }
    return failed;
}

void read_ledgers(Sample& sample, const Clients::Ledgers& ledgers, Testbed& bed,
                  Clock::time_point from) {
    const auto account = account_of(ledgers, bed);
    sample.outage = ledgers.by_name.longest_gap(from).count();
    sample.outage_servers = ledgers.all.longest_gap(from).count();
    sample.down_total = ledgers.by_name.down_total(from).count();
    sample.acknowledged = account.acknowledged;
    sample.lost = account.lost;
    sample.split = account.stale;
    sample.failed = failures_of(ledgers.by_name);
}

} // namespace

void Rig::make_ready(std::uint64_t disk_bytes) {
    if (bed_ && disk_bytes_ == disk_bytes) {
        bed_->wait_until_in_sync(redundant_within);
        if (held_down_) {
            tell_("changing sides, so that the standby is let in at once again");
            static_cast<void>(bed_->ask({"failover", "shop"}, patience));
            bed_->wait_until_in_sync(redundant_within);
            held_down_ = false;
        }
        return;
    }
    bed_.reset();
    Plan plan;
    plan.engine = engine_;
    plan.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    plan.data_disk_bytes = disk_bytes;
    tell_("forming a pair");
    bed_ = std::make_unique<Testbed>(plan);
    bed_->form();
    if (data_mib_ > 0 && disk_bytes == 0) { // A disk of its own is small.
        tell_("filling it with " + std::to_string(data_mib_) + " MiB");
        fill(*bed_, engine_, data_mib_);
        bed_->wait_until_in_sync(redundant_within);
    }
    disk_bytes_ = disk_bytes;
    held_down_ = false;
}

Sample Rig::run(const Scenario& scenario) {
    try {
        make_ready(scenario.disk_bytes);
        auto sample = run_on(*bed_, scenario);
        held_down_ = held_down_ || scenario.end == End::renewed;
        return sample;
    } catch (...) {
        bed_.reset();
        throw;
    }
}

Sample Rig::run_on(Testbed& bed, const Scenario& scenario) {
    const auto pair = bed.pair();
    Stage stage{bed, pair.at("primary").get<std::string>(), pair.at("standby").get<std::string>()};
    const auto event_before = last_event(bed);
    const DeathWatch old_primary(bed.postmaster(stage.primary));
    Clients clients(bed);
    must_write(clients, settled_writes, bed, "before the fault");
    if (scenario.prepare != nullptr) {
        scenario.prepare(stage);
    }
    const Fault fault;
    scenario.strike(stage);
    // Not coming back is a result as well; mending the fault then has to bring them.
    bool back = clients.acknowledges(some_writes, in(patience));
    std::this_thread::sleep_until(fault.at + scenario.hold);
    back = back && clients.acknowledges(some_writes, in(patience));
    const Fault mending;
    if (scenario.mend != nullptr) {
        scenario.mend(stage);
    }
    must_write(clients, some_writes, bed, back ? "after the fault was mended" : "even then");
    wait_until_over(bed, scenario, stage, pair.at("revision"));
    must_write(clients, some_writes, bed, "in sync");
    const auto ledgers = clients.stop();

    Sample sample;
    read_ledgers(sample, ledgers, bed, fault.at);
    const auto resumed = ledgers.by_name.resumed(fault.at).value_or(fault.at);
    const auto resumed_ms = ms_between(fault.at, resumed);
    const auto bit_ms = scenario.bites_later ? resumed_ms - sample.outage : 0;
    const auto timeline =
        read_timeline(bed.events(event_before), fault.unix_ms + bit_ms, resumed_ms - bit_ms);
    sample.moments = timeline.moments;
    sample.phases = phases_of(timeline, scenario.end);
    if (timeline.redundant_again_ms >= 0) {
        sample.redundant = timeline.redundant_again_ms + bit_ms;
        const auto after = timeline.redundant_again_ms + bit_ms - ms_between(fault.at, mending.at);
        if (scenario.mend != nullptr && after >= 0) { // Else it did not wait for the mending.
            sample.redundant_after_mending = after;
        }
    }
    if (const auto died = old_primary.died(); died && scenario.fences) {
        sample.fenced = ms_between(fault.at, *died);
    }
    return sample;
}

Floor Rig::floor(std::size_t runs) {
    make_ready(disk_bytes_);
    FloorPlan plan;
    plan.folder = bed_->folder() / "floor";
    plan.engine = engine_;
    plan.runs = runs;
    plan.writers = client_options(*bed_);
    return measure_floor(plan);
}

} // namespace lockstep::bench
