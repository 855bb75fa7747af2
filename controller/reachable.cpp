#include "controller/reachable.h"

#include "platform/time_zone.h"
#include "snapshots/decision/restorable.h"
#include "snapshots/decision/restore_plan.h"
#include "snapshots/decision/retention.h"
#include "snapshots/decision/window.h"

namespace lockstep {
namespace {

/// Errors: `corrupt`, saying what an agent told that makes no sense.
Result<snapshots::Catalogue> catalogue_of(const SnapshotReport& report) {
    snapshots::Catalogue catalogue{report.snapshots, report.log, report.forks};
    if (auto sensible = snapshots::check(catalogue); !sensible) {
        return within("what the agent of pair " + report.pair + " told of its repository",
                      sensible.error());
    }
    return catalogue;
}

} // namespace

Restorable restorable_of(const SnapshotReport& report) {
    Restorable shown;
    const auto catalogue = catalogue_of(report);
    if (!catalogue) {
        shown.gap = catalogue.error().message;
        return shown;
    }
    const snapshots::Chains chains(*catalogue);
    const auto found = snapshots::restorable(chains);
    shown.earliest_unix_ms = found.earliest_unix_ms.value_or(0);
    shown.latest_unix_ms = found.latest_unix_ms.value_or(0);
    if (found.stopped_by) {
        shown.gap = in_words(*found.stopped_by);
    }
    return shown;
}

Result<void> check_reachable(const SnapshotReport& report, const Origin& origin) {
    const auto catalogue = catalogue_of(report);
    if (!catalogue) {
        return tl::unexpected(catalogue.error());
    }
    const snapshots::Chains chains(*catalogue);
    const auto plan = snapshots::plan_restore(chains, {origin.target, origin.snapshot});
    return plan ? Result<void>{} : fail(Errc::refused, in_words(plan.error()));
}

Result<void> check_schedule(const SnapshotPolicy& policy) {
    const snapshots::Retention retention{static_cast<int>(policy.retention_days),
                                         static_cast<int>(policy.minimum)};
    if (auto sensible = snapshots::check(retention); !sensible) {
        return sensible;
    }
    if (auto window = snapshots::parse_window(policy.window); !window) {
        return tl::unexpected(window.error());
    }
    auto zone = load_time_zone(policy.time_zone);
    return zone ? Result<void>{} : tl::unexpected(zone.error());
}

std::string in_words(const SnapshotPolicy& policy) {
    if (policy.retention_days == 0) {
        return "none are taken";
    }
    return "kept for " + std::to_string(policy.retention_days) +
           (policy.retention_days == 1 ? " day" : " days") + ", taken within " + policy.window +
           " " + policy.time_zone + (policy.verify ? ", each proven by a restore" : "");
}

} // namespace lockstep
