#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/position.h"

namespace lockstep {

/// Why a snapshot exists, and so who may delete it: automated ones the retention, the others only
/// an operator.
enum class SnapshotKind { automated, manual, final };

/// How far a snapshot is proven. Each state includes those before it.
enum class SnapshotProof {
    taken,       // The engine's tool ended well, and every object was read back after the write.
    checksummed, // Every byte was compared with the snapshot's own manifest since.
    restored,    // A server started from it and recovered.
    queried,     // The engine's check of all tables and the user's own query passed there.
};

/// A finished snapshot. A half made one is none: it is in no catalogue.
///
/// A restore of it reads the log from `begin` on, and is consistent only once it has replayed
/// `end`. Both lie on `end.history` or on its ancestors.
struct Snapshot {
    std::string id; // "shop-20261126T034500Z-a1b2": pair, time (UTC), four random characters.
    PairName pair;
    SnapshotKind kind = SnapshotKind::automated;
    std::string engine;    // A driver's name.
    std::string version;   // The server's: "15.9".
    std::string system_id; // Of which database it is a copy; empty: the engine has none.
    MemberId taken_from;
    Epoch epoch{};
    Position begin;
    Position end;
    std::int64_t begun_unix_ms = 0;
    std::int64_t end_unix_ms = 0; // Of the last commit before `end`: no time before this can
                                  // be reached from it.
    std::uint64_t bytes = 0;      // In the repository.
    std::uint64_t data_bytes = 0; // Restored.
    bool self_contained = false;  // The log from `begin` to `end` is inside.
    SnapshotProof proof = SnapshotProof::taken;
    std::int64_t proved_unix_ms = 0; // When it was last restored for a proof; 0: never.
    std::int64_t restore_ms = 0;     // How long the restore took.
    std::string damage;              // What was found wrong with it; empty: nothing. Never offered.
    bool keep = false;               // No retention deletes it, whatever its kind.
    std::map<std::string, std::string> tags;
    friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

/// A finished piece of the log in the repository: all that was written from `from` (excluded) to
/// `to` (included) on one history.
struct LogSegment {
    std::string name; // In the repository, unique within the pair's log of one system id.
    std::string system_id;
    History history;
    std::uint64_t from = 0; // In the engine's unit.
    std::uint64_t to = 0;
    std::int64_t first_unix_ms = 0; // Of the first and the last commit in it; 0: it has none.
    std::int64_t last_unix_ms = 0;
    Epoch epoch{};
    std::uint64_t bytes = 0; // In the repository.
    std::string sha256;      // Of the object in the repository.
    friend bool operator==(const LogSegment&, const LogSegment&) = default;
};

/// Where a history left its parent. Everything before `fork` is common to both.
struct HistoryFork {
    History history;
    History parent; // Unknown: it is the first.
    std::uint64_t fork = 0;
    friend bool operator==(const HistoryFork&, const HistoryFork&) = default;
};

/// What a restore shall end at. Exactly one of these is set, or none: the end of all log.
struct RestoreTarget {
    std::optional<std::int64_t> unix_ms; // The last commit at or before this time.
    std::optional<Position> position;    // Everything up to here (an LSN, a count of transactions).
    std::string transaction;             // An xid, a GTID: with it, or without it if `exclusive`.
    bool exclusive = false;
    std::string name;        // A restore point the engine knows by name.
    bool consistent = false; // As soon as the snapshot is consistent.
    friend bool operator==(const RestoreTarget&, const RestoreTarget&) = default;
};

/// From what a pair is made that is restored: its first member does so where it would otherwise
/// make a new database.
struct Origin {
    PairName pair;        // Whose snapshots and log.
    std::string snapshot; // Empty: the best one for `target`.
    RestoreTarget target;
    friend bool operator==(const Origin&, const Origin&) = default;
};

enum class SnapshotWork {
    take,
    check,  // Compares every byte.
    verify, // Restores it beside the database and asks a server there.
    remove,
};
[[nodiscard]] std::string_view to_string(SnapshotWork work);
[[nodiscard]] std::string_view to_string(SnapshotKind kind);
[[nodiscard]] std::string_view to_string(SnapshotProof proof);

/// What a pair's archiver (core/goal.h) is asked for, told to it until it says that it is ended.
/// Repeating it does no harm: a snapshot of that id is taken once.
struct SnapshotOrder {
    SnapshotWork work = SnapshotWork::take;
    std::string id; // The snapshot's.
    PairName pair;
    SnapshotKind kind = SnapshotKind::manual; // With `take`.
    std::map<std::string, std::string> tags;  // With `take`.
    RestoreTarget target; // With `verify`; none: the snapshot and all log after it.
    std::string asked_by;
    std::int64_t asked_unix_ms = 0;
    friend bool operator==(const SnapshotOrder&, const SnapshotOrder&) = default;
};

/// The deletion of its pair: that follows once the snapshot is taken (docs/decisions/0024).
[[nodiscard]] bool is_final(const SnapshotOrder& order);

/// What an archiver does now, or has ended: by an order, or of itself.
struct SnapshotJob {
    enum class State { waiting, running, done, failed };
    SnapshotWork work = SnapshotWork::take;
    std::string id; // The snapshot's.
    State state = State::waiting;
    std::string step; // "copying", "checking": for people.
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0; // 0: not known
    std::int64_t begun_unix_ms = 0;
    std::string trouble; // Why it failed.
    friend bool operator==(const SnapshotJob&, const SnapshotJob&) = default;
};

/// How the backup window lies to when the least is written, as the log that is kept tells it.
struct WindowAdvice {
    std::string time_zone; // Of both windows.
    std::string present;   // "02:00-03:00"
    std::string quietest;  // As long; the present one if no other is clearly quieter. Empty: not
                           // known yet.
    std::uint64_t present_bytes_per_second = 0; // Of log, as it is kept.
    std::uint64_t quietest_bytes_per_second = 0;
    std::string why;
    friend bool operator==(const WindowAdvice&, const WindowAdvice&) = default;
};

/// What the next automated run would do, by what is there now.
struct SnapshotPlan {
    std::int64_t unix_ms = 0; // When; 0: nothing is planned.
    bool takes = false;
    std::uint64_t takes_bytes = 0; // As much as the last one.
    std::string why;               // It takes one or not.
    struct Removal {
        std::string id; // The snapshot's.
        std::uint64_t bytes = 0;
        std::string why;
        friend bool operator==(const Removal&, const Removal&) = default;
    };
    std::vector<Removal> removals;
    std::uint64_t log_pieces = 0; // That go.
    std::uint64_t log_bytes = 0;
    std::uint64_t kept_bytes = 0; // Snapshots and log that stay.
    WindowAdvice window;
    friend bool operator==(const SnapshotPlan&, const SnapshotPlan&) = default;
};

/// What an archiver tells of its pair's repository.
struct SnapshotReport {
    PairName pair;
    std::string repository; // For people: "/mnt/backup"; empty: this host has none.
    std::string trouble;    // Why the repository cannot be used, or the log not be archived.
    bool read = false;      // The repository was read: the lists below are whole. Else they are
                            // empty, or, in the controller, what was read last.
    std::vector<Snapshot> snapshots;
    std::vector<LogSegment> log; // Neighbours joined into one.
    std::vector<HistoryFork> forks;
    std::vector<SnapshotJob> jobs;
    SnapshotPlan plan;
    friend bool operator==(const SnapshotReport&, const SnapshotReport&) = default;
};

} // namespace lockstep
