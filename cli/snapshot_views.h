#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/exit_status.h"

/// What the controller's API shows of snapshots (docs/api.md).
namespace lockstep::cli {

struct SnapshotView {
    std::string id;
    std::string kind;
    std::string engine;
    std::string version;
    std::string taken_from;
    std::string begun_time;
    std::string end_time;
    std::uint64_t bytes = 0;
    std::uint64_t data_bytes = 0;
    std::string proof;
    std::string proved_time; // When it was restored for a proof last; empty: never.
    std::uint64_t restore_ms = 0;
    std::string damage; // Empty: none was found.
    bool keep = false;
    std::map<std::string, std::string> tags;
};

struct SnapshotJobView {
    std::string work;
    std::string id;
    std::string state;
    std::string step;
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0; // 0: not known
    std::string trouble;
};

struct SnapshotOrderView {
    std::string work;
    std::string id;
    std::string trouble; // Of one that failed.
};

/// When the least is written, beside the backup window.
struct WindowView {
    std::string time_zone;
    std::string present;
    std::string quietest; // Empty: not known yet.
    std::string why;
};

/// What the next automated run would do.
struct SnapshotPlanView {
    std::string time; // Empty: nothing is planned.
    bool takes = false;
    std::uint64_t takes_bytes = 0;
    std::string why;
    struct Removal {
        std::string id;
        std::uint64_t bytes = 0;
        std::string why;
    };
    std::vector<Removal> removals;
    std::uint64_t log_pieces = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t kept_bytes = 0;
    WindowView window;
};

/// When automated snapshots are taken, and how long they stay.
struct ScheduleView {
    std::uint32_t retention_days = 0;
    std::string window;
    std::string time_zone;
    bool verify = false;
};

struct SnapshotsOfPairView {
    std::string pair;
    std::string deleted_time; // When the pair was deleted; empty: it is there.
    std::string archiver;
    bool told = false;
    bool connected = false;
    std::string repository;
    std::string trouble;
    std::string earliest_time; // Empty: nothing can be restored.
    std::string latest_time;
    std::string gap;
    std::vector<SnapshotView> snapshots;
    SnapshotPlanView plan;
    std::vector<SnapshotJobView> jobs;
    std::vector<SnapshotOrderView> orders;
    std::vector<SnapshotOrderView> failures;
};

[[nodiscard]] Answer<std::vector<SnapshotsOfPairView>> read_snapshots(const std::string& body);
/// The answer to an order: the snapshot's id, and its pair.
[[nodiscard]] Answer<std::string> read_order_id(const std::string& body);
[[nodiscard]] Answer<std::string> read_order_pair(const std::string& body);
/// The schedule in the answer to a change of it.
[[nodiscard]] Answer<ScheduleView> read_schedule(const std::string& body);
/// One snapshot of all, as the API shows it, with its pair's restorable times.
[[nodiscard]] Answer<std::string> pick_snapshot_json(const std::string& body,
                                                     const std::string& id);

/// The plans of all pairs in an answer, as the API shows them.
[[nodiscard]] Answer<std::string> pick_plans_json(const std::string& body);

} // namespace lockstep::cli
