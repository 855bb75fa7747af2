#include "controller/api/snapshot_views.h"

#include "core/wire/json.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json time_view(std::int64_t unix_ms) {
    return unix_ms == 0 ? json(nullptr) : json(format_time(unix_ms));
}

json snapshot_view(const Snapshot& snapshot) {
    json out = snapshot;
    out["begun_time"] = time_view(snapshot.begun_unix_ms);
    out["end_time"] = time_view(snapshot.end_unix_ms);
    out["proved_time"] = time_view(snapshot.proved_unix_ms);
    return out;
}

json job_view(const SnapshotJob& job) {
    json out = job;
    out["begun_time"] = time_view(job.begun_unix_ms);
    return out;
}

json order_view(const SnapshotOrder& order) {
    return {{"work", order.work},
            {"id", order.id},
            {"asked_by", order.asked_by},
            {"asked_time", time_view(order.asked_unix_ms)}};
}

/// What of the log can be restored, in short: the log itself is for the archiver.
json restorable_view(const Restorable& restorable) {
    return {{"earliest_unix_ms", restorable.earliest_unix_ms},
            {"earliest_time", time_view(restorable.earliest_unix_ms)},
            {"latest_unix_ms", restorable.latest_unix_ms},
            {"latest_time", time_view(restorable.latest_unix_ms)},
            {"gap", restorable.gap}};
}

json plan_view(const SnapshotPlan& plan) {
    json out = plan;
    out["time"] = time_view(plan.unix_ms);
    return out;
}

json pair_view(const PairSnapshots& pair) {
    json snapshots = json::array();
    for (const auto& snapshot : pair.report.snapshots) {
        snapshots.push_back(snapshot_view(snapshot));
    }
    json jobs = json::array();
    for (const auto& job : pair.report.jobs) {
        jobs.push_back(job_view(job));
    }
    json orders = json::array();
    for (const auto& order : pair.orders) {
        orders.push_back(order_view(order));
    }
    json failures = json::array();
    for (const auto& [order, trouble] : pair.failures) {
        auto failure = order_view(order);
        failure["trouble"] = trouble;
        failures.push_back(std::move(failure));
    }
    return {{"pair", pair.pair},
            {"deleted_unix_ms", pair.deleted_unix_ms},
            {"deleted_time", time_view(pair.deleted_unix_ms)},
            {"archiver", pair.archiver},
            {"told", pair.told},
            {"connected", pair.connected},
            {"repository", pair.report.repository},
            {"trouble", pair.report.trouble},
            {"restorable", restorable_view(pair.restorable)},
            {"snapshots", std::move(snapshots)},
            {"plan", plan_view(pair.report.plan)},
            {"jobs", std::move(jobs)},
            {"orders", std::move(orders)},
            {"failures", std::move(failures)}};
}

} // namespace

std::string view_of(const std::vector<PairSnapshots>& pairs) {
    json list = json::array();
    for (const auto& pair : pairs) {
        list.push_back(pair_view(pair));
    }
    return text_of({{"pairs", std::move(list)}});
}

std::string view_of_order(const SnapshotOrder& order, bool dry_run) {
    const std::vector<std::string> changes = {
        "the archiver of pair " + order.pair + " would be asked to " +
        std::string(to_string(order.work)) + " snapshot " + order.id};
    json out = {{"dry_run", dry_run}, {"id", order.id}, {"pair", order.pair}, {"work", order.work}};
    if (dry_run) {
        out["changes"] = changes;
    }
    return text_of(out);
}

} // namespace lockstep
