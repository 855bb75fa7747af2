#include "cli/snapshot_views.h"

#include "cli/read_json.h"

namespace lockstep::cli {
namespace {

using nlohmann::json;

SnapshotView snapshot_of(const json& in) {
    SnapshotView out;
    out.id = in.at("id").get<std::string>();
    out.kind = in.at("kind").get<std::string>();
    out.engine = in.at("engine").get<std::string>();
    out.version = in.at("version").get<std::string>();
    out.taken_from = in.at("taken_from").get<std::string>();
    out.begun_time = text_or_null(in.at("begun_time"));
    out.end_time = text_or_null(in.at("end_time"));
    out.bytes = in.at("bytes").get<std::uint64_t>();
    out.data_bytes = in.at("data_bytes").get<std::uint64_t>();
    out.proof = in.at("proof").get<std::string>();
    out.proved_time = text_or_null(in.at("proved_time"));
    out.restore_ms = in.at("restore_ms").get<std::uint64_t>();
    out.damage = in.at("damage").get<std::string>();
    out.keep = in.at("keep").get<bool>();
    out.tags = in.at("tags").get<std::map<std::string, std::string>>();
    return out;
}

SnapshotJobView job_of(const json& in) {
    return {in.at("work").get<std::string>(),         in.at("id").get<std::string>(),
            in.at("state").get<std::string>(),        in.at("step").get<std::string>(),
            in.at("done_bytes").get<std::uint64_t>(), in.at("total_bytes").get<std::uint64_t>(),
            in.at("trouble").get<std::string>()};
}

SnapshotOrderView order_of(const json& in) {
    SnapshotOrderView out{in.at("work").get<std::string>(), in.at("id").get<std::string>(), {}};
    if (const auto trouble = in.find("trouble"); trouble != in.end()) {
        out.trouble = trouble->get<std::string>();
    }
    return out;
}

SnapshotPlanView::Removal removal_of(const json& in) {
    return {in.at("id").get<std::string>(), in.at("bytes").get<std::uint64_t>(),
            in.at("why").get<std::string>()};
}

SnapshotPlanView plan_of(const json& in) {
    SnapshotPlanView out;
    out.time = text_or_null(in.at("time"));
    out.takes = in.at("takes").get<bool>();
    out.takes_bytes = in.at("takes_bytes").get<std::uint64_t>();
    out.why = in.at("why").get<std::string>();
    out.removals = all_of<SnapshotPlanView::Removal>(in, "removals", removal_of);
    out.log_pieces = in.at("log_pieces").get<std::uint64_t>();
    out.log_bytes = in.at("log_bytes").get<std::uint64_t>();
    out.kept_bytes = in.at("kept_bytes").get<std::uint64_t>();
    const auto window = in.value("window", json::object());
    out.window = {window.value("time_zone", ""), window.value("present", ""),
                  window.value("quietest", ""), window.value("why", "")};
    return out;
}

SnapshotsOfPairView pair_of(const json& in) {
    SnapshotsOfPairView out;
    out.pair = in.at("pair").get<std::string>();
    out.deleted_time = text_or_null(in.at("deleted_time"));
    out.archiver = in.at("archiver").get<std::string>();
    out.told = in.at("told").get<bool>();
    out.connected = in.at("connected").get<bool>();
    out.repository = in.at("repository").get<std::string>();
    out.trouble = in.at("trouble").get<std::string>();
    const auto& restorable = in.at("restorable");
    out.earliest_time = text_or_null(restorable.at("earliest_time"));
    out.latest_time = text_or_null(restorable.at("latest_time"));
    out.gap = restorable.at("gap").get<std::string>();
    out.snapshots = all_of<SnapshotView>(in, "snapshots", snapshot_of);
    out.plan = plan_of(in.at("plan"));
    out.jobs = all_of<SnapshotJobView>(in, "jobs", job_of);
    out.orders = all_of<SnapshotOrderView>(in, "orders", order_of);
    out.failures = all_of<SnapshotOrderView>(in, "failures", order_of);
    return out;
}

} // namespace

Answer<std::vector<SnapshotsOfPairView>> read_snapshots(const std::string& body) {
    return read_json(
        body, [](const json& in) { return all_of<SnapshotsOfPairView>(in, "pairs", pair_of); });
}

Answer<std::string> read_order_id(const std::string& body) {
    return read_json(body, [](const json& in) { return in.at("id").get<std::string>(); });
}

Answer<std::string> read_order_pair(const std::string& body) {
    return read_json(body, [](const json& in) { return in.at("pair").get<std::string>(); });
}

Answer<ScheduleView> read_schedule(const std::string& body) {
    return read_json(body, [](const json& in) {
        const auto& schedule = in.at("record").at("policy").at("snapshots");
        return ScheduleView{schedule.at("retention_days").get<std::uint32_t>(),
                            schedule.at("window").get<std::string>(),
                            schedule.at("time_zone").get<std::string>(),
                            schedule.at("verify").get<bool>()};
    });
}

Answer<std::string> pick_snapshot_json(const std::string& body, const std::string& id) {
    return read_json(body, [&id](const json& in) {
        for (const auto& pair : in.at("pairs")) {
            for (const auto& snapshot : pair.at("snapshots")) {
                if (snapshot.at("id") == id) {
                    json out = snapshot;
                    out["repository"] = pair.at("repository");
                    out["restorable"] = pair.at("restorable");
                    out["pair_deleted_time"] = pair.at("deleted_time");
                    return out.dump();
                }
            }
        }
        return std::string("null");
    });
}

Answer<std::string> pick_plans_json(const std::string& body) {
    return read_json(body, [](const json& in) {
        json plans = json::array();
        for (const auto& pair : in.at("pairs")) {
            json plan = pair.at("plan");
            plan["pair"] = pair.at("pair");
            plans.push_back(std::move(plan));
        }
        return json{{"plans", std::move(plans)}}.dump();
    });
}

} // namespace lockstep::cli
