#include <memory>
#include <ostream>

#include "cli/request_bodies.h"
#include "cli/snapshot_views.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct ScheduleOptions {
    std::string pair;
    Schedule schedule;
    bool dry_run = false;
};

constexpr std::int64_t longest_days = 35;
constexpr std::int64_t largest_minimum = 100;

std::string in_words(const std::string& pair, const ScheduleView& schedule) {
    if (schedule.retention_days == 0) {
        return "No automated snapshots of " + pair + " are taken any more.";
    }
    return "Automated snapshots of " + pair + " are taken each day within " + schedule.window +
           " " + schedule.time_zone + "; every time of the last " +
           std::to_string(schedule.retention_days) + " days can be restored." +
           (schedule.verify ? " Each is proven by a restore." : "");
}

Answer<ExitStatus> set_schedule(Session& session, const ScheduleOptions& options) {
    const auto body = session.change("POST", "/v1/pairs/" + options.pair + "/schedule",
                                     schedule_body(options.schedule), options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto schedule = read_schedule(*body);
    if (!schedule) {
        return tl::unexpected(schedule.error());
    }
    session.out().stream << paragraph("", in_words(options.pair, *schedule), session.out().width);
    return ExitStatus::done;
}

} // namespace

void add_snapshot_schedule(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "schedule", "Say when automated snapshots are taken, and how long they stay; what is not "
                    "given stays as it is");
    const auto options = std::make_shared<ScheduleOptions>();
    auto& schedule = options->schedule;
    add_pair_name(*verb, options->pair);
    verb->add_option("--retention-days", schedule.retention_days,
                     "Every time within so many days can be restored: 0 to 35 (0: no automated "
                     "snapshots)")
        ->type_name("DAYS")
        ->check(CLI::Range(std::int64_t{0}, longest_days).description(""));
    verb->add_option("--minimum", schedule.minimum, "So many sound ones stay, however old")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, largest_minimum).description(""));
    verb->add_option("--window", schedule.window, "When one is taken, each day")
        ->type_name("hh:mm-hh:mm");
    verb->add_option("--time-zone", schedule.time_zone, "Whose clock that is")->type_name("ZONE");
    verb->add_flag_function(
        "--verify,!--no-verify",
        [options](std::int64_t count) { options->schedule.verify = count > 0; },
        "Restore each one afterwards, for a proof (needs [snapshots.proof] in the agents' files)");
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep snapshot schedule shop --retention-days 14",
                          "lockstep snapshot schedule shop --verify",
                          "lockstep snapshot schedule shop --window 23:30-00:30 --time-zone "
                          "Europe/Berlin --dry-run"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return set_schedule(session, *options); });
    });
}

} // namespace lockstep::cli
