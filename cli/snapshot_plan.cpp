#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/snapshot_views.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

void line(const Screen& screen, const std::string& text) {
    screen.stream << paragraph("  ", harmless(text), screen.width);
}

void print_removals(const Screen& screen, const SnapshotPlanView& plan) {
    if (plan.removals.empty() && plan.log_pieces == 0) {
        line(screen, "Nothing is deleted.");
        return;
    }
    if (!plan.removals.empty()) {
        Table table({{"DELETES"}, {"SIZE"}, {"WHY"}});
        for (const auto& removal : plan.removals) {
            table.add({{removal.id, Ink::bold}, {show_bytes(removal.bytes)}, {removal.why}});
        }
        table.print(screen, 2);
    }
    if (plan.log_pieces > 0) {
        line(screen, "Deletes " + std::to_string(plan.log_pieces) +
                         (plan.log_pieces == 1 ? " piece" : " pieces") + " of the log, " +
                         show_bytes(plan.log_bytes) + ", that no snapshot which stays needs.");
    }
}

void print_plan(const Screen& screen, const SnapshotsOfPairView& pair) {
    screen.stream << painted(screen, Ink::bold, harmless(pair.pair)) << "\n";
    if (!pair.told || pair.repository.empty()) {
        line(screen, "No agent has told of a repository: nothing is planned.");
        return;
    }
    const auto& plan = pair.plan;
    if (plan.takes) {
        line(screen,
             "Takes a snapshot at " + plan.time + ": " + plan.why + "." +
                 (plan.takes_bytes > 0
                      ? " If it is as large as the last one: " + show_bytes(plan.takes_bytes) + "."
                      : ""));
    } else {
        line(screen, "Takes no snapshot: " + plan.why + ".");
    }
    print_removals(screen, plan);
    line(screen, show_bytes(plan.kept_bytes) + " stay in " + pair.repository + ".");
}

Answer<ExitStatus> show_plan(Session& session, const std::string& pair) {
    const auto body =
        session.get(pair.empty() ? "/v1/snapshots" : "/v1/pairs/" + pair + "/snapshots");
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        const auto picked = pick_plans_json(*body);
        if (!picked) {
            return tl::unexpected(picked.error());
        }
        session.print_json(*picked);
        return ExitStatus::done;
    }
    const auto found = read_snapshots(*body);
    if (!found) {
        return tl::unexpected(found.error());
    }
    for (const auto& one : *found) {
        print_plan(session.out(), one);
    }
    if (found->empty()) {
        session.out().stream << "There are no pairs.\n";
    }
    return ExitStatus::done;
}

} // namespace

void add_snapshot_plan(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "plan", "Show what the next automated run takes and deletes, and why");
    const auto pair = std::make_shared<std::string>();
    verb->add_option("PAIR", *pair, "Only of this pair")->type_name("")->check(check_pair_name);
    give_examples(*verb, {"lockstep snapshot plan", "lockstep snapshot plan shop --json"});
    verb->callback(
        [pair, choose] { choose([pair](Session& session) { return show_plan(session, *pair); }); });
}

} // namespace lockstep::cli
