#include "tests/demo/act.h"

#include <thread>

#include "tests/support/testbed/faults.h"

namespace lockstep::demo {

using namespace testbed;

namespace {

constexpr std::uint64_t writes_before = 300;
constexpr std::uint64_t writes_after = 100;
constexpr Milliseconds writes_within{20000};
constexpr Milliseconds fenced_within{20000};
constexpr Milliseconds redundant_within{60000};

std::int64_t unix_ms_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<Milliseconds>(now).count();
}

std::int64_t ms_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

void judge(Report& report) {
    const auto complain = [&](bool wrong, const std::string& what) {
        if (wrong) {
            report.troubles += "- " + what + "\n";
        }
        report.ok = report.ok && !wrong;
    };
    report.ok = true;
    complain(report.account.lost > 0, "acknowledged writes are lost");
    complain(report.account.stale > 0, "two histories acknowledged writes in turns");
    complain(report.primary_after == report.primary_before, "the primary is still the same");
    complain(report.redundant_again_ms < 0, "no standby came back in sync");
}

} // namespace

Act::Act(const char* scene, Testbed& bed, Tell tell)
    : bed_(bed), tell_(std::move(tell)), writers_(bed.writers()) {
    const auto pair = bed_.pair();
    report_.scene = scene;
    report_.primary_before = pair.at("primary").get<std::string>();
    standby_ = pair.at("standby").get<std::string>();
    say("4 writers write to " + bed_.name());
    if (!writers_.acknowledges(writes_before, in(writes_within))) {
        throw Failure("nobody can write to " + bed_.name() + "\n" + bed_.state_of_things());
    }
}

void Act::strike(const std::string& what, const std::function<void()>& happens) {
    say(what);
    fault_ = Clock::now();
    fault_unix_ms_ = unix_ms_now();
    happens();
}

std::string Act::since_fault() const {
    return std::to_string(ms_between(fault_, Clock::now())) + " ms";
}

void Act::see_writes() {
    if (!writers_.acknowledges(writes_after, in(writes_within))) {
        throw Failure("no writes after the fault\n" + bed_.state_of_things());
    }
    say(std::to_string(writes_after) + " writes are acknowledged again, " + since_fault() +
        " after the fault; primary is " + bed_.pair().at("primary").get<std::string>());
}

void Act::see_failover() {
    bed_.wait_for_pair(
        "have " + standby_ + " as primary",
        [&](const Json& now) { return now.at("primary") == standby_; }, writes_within);
    see_writes();
}

void Act::see_old_primary_fenced() {
    const auto by = in(fenced_within);
    while (!database_processes(bed_, primary()).empty()) {
        if (Clock::now() > by) {
            throw Failure("the database of " + primary() + " still runs\n" +
                          bed_.state_of_things());
        }
        std::this_thread::sleep_for(Milliseconds{20});
    }
    say("no process of the old primary's database is left, " + since_fault() + " after the fault");
}

void Act::hold(Milliseconds span) const {
    std::this_thread::sleep_for(span);
}

void Act::see_redundant() {
    const auto pair = bed_.wait_for_pair(
        "be in sync under " + standby_,
        [&](const Json& now) {
            return now.at("phase") == "in sync" && now.at("primary") == standby_;
        },
        redundant_within);
    report_.redundant_again_ms = ms_between(fault_, Clock::now());
    report_.primary_after = pair.at("primary").get<std::string>();
    say(primary() + " is the standby of " + standby_ + " and in sync");
}

Report Act::finish() {
    if (!writers_.acknowledges(writes_after, in(writes_within))) {
        throw Failure("no writes in sync\n" + bed_.state_of_things());
    }
    const auto ledger = writers_.stop();
    report_.account = ledger.account(bed_.reader_of(report_.primary_after));
    report_.outage_ms = ledger.longest_gap(fault_).count();
    report_.troubles = ledger.troubles();
    const auto resumed = ledger.resumed(fault_).value_or(fault_);
    report_.timeline = read_timeline(bed_.events(), fault_unix_ms_, ms_between(fault_, resumed));
    if (report_.timeline.redundant_again_ms >= 0) {
        report_.redundant_again_ms = report_.timeline.redundant_again_ms;
    }
    judge(report_);
    return report_;
}

} // namespace lockstep::demo
