#include "tests/demo/scenes.h"

#include <array>
#include <csignal>

#include "tests/demo/bind_scene.h"

namespace lockstep::demo {

using namespace testbed;

namespace {

constexpr std::uint64_t writes_before = 300;
constexpr std::uint64_t writes_after = 100;
constexpr Milliseconds writes_within{20000};
constexpr Milliseconds redundant_within{60000};

std::int64_t unix_ms_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<Milliseconds>(now).count();
}

std::int64_t ms_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

struct Fault {
    Clock::time_point at;
    std::int64_t unix_ms = 0;
};

Fault kill_postmaster(Testbed& bed, const std::string& member, const Tell& tell) {
    const pid_t postmaster = bed.postmaster(member);
    tell("SIGKILL to the postmaster of the primary " + member + ", process " +
         std::to_string(postmaster));
    const Fault fault{Clock::now(), unix_ms_now()};
    if (postmaster == 0 || kill(postmaster, SIGKILL) != 0) {
        throw Failure("there is no postmaster of " + member + " to kill");
    }
    return fault;
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

Report primary_kill(Testbed& bed, const Tell& tell) {
    Report report;
    report.scene = "primary-kill";
    report.primary_before = bed.pair().at("primary").get<std::string>();
    Writers writers(bed.writers());
    tell("4 writers write to " + bed.name());
    if (!writers.acknowledges(writes_before, in(writes_within))) {
        throw Failure("nobody can write to " + bed.name() + "\n" + bed.state_of_things());
    }
    const auto fault = kill_postmaster(bed, report.primary_before, tell);
    if (!writers.acknowledges(writes_after, in(writes_within))) {
        throw Failure("no writes after the kill\n" + bed.state_of_things());
    }
    tell("writes are acknowledged again; waiting for " + report.primary_before +
         " to come back as a standby");
    const auto pair = bed.wait_for_pair(
        "be in sync under another primary",
        [&](const Json& now) {
            return now.at("phase") == "in sync" && now.at("primary") != report.primary_before;
        },
        redundant_within);
    report.redundant_again_ms = ms_between(fault.at, Clock::now());
    report.primary_after = pair.at("primary").get<std::string>();
    if (!writers.acknowledges(writes_after, in(writes_within))) {
        throw Failure("no writes in sync\n" + bed.state_of_things());
    }
    const auto ledger = writers.stop();
    report.account = ledger.account(bed.superuser_of(report.primary_after));
    report.outage_ms = ledger.longest_gap(fault.at).count();
    report.troubles = ledger.troubles();
    const auto resumed = ledger.resumed(fault.at).value_or(fault.at);
    report.timeline = read_timeline(bed.events(), fault.unix_ms, ms_between(fault.at, resumed));
    if (report.timeline.redundant_again_ms >= 0) {
        report.redundant_again_ms = report.timeline.redundant_again_ms;
    }
    judge(report);
    return report;
}

Report with_bind(Testbed& bed, const Tell& tell) {
    return play_with_bind(bed, tell, primary_kill);
}

constexpr std::array all_scenes{
    Scene{"primary-kill", "SIGKILL to the primary's postmaster while clients write", primary_kill},
    Scene{"bind", "the same, with the pair's names also in a zone that a real BIND serves",
          with_bind},
};

} // namespace

std::span<const Scene> scenes() {
    return all_scenes;
}

} // namespace lockstep::demo
