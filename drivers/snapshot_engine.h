#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "drivers/driver.h"

namespace lockstep {

/// What an engine's way of copying can do.
struct SnapshotAbilities {
    std::string tool; // "pg_basebackup (PostgreSQL) 15.9": for an operator.
    bool from_standby = true;
    bool by_time = false; // Targets of a restore that it reaches.
    bool by_position = false;
    bool by_transaction = false;
    bool by_name = false;
};

/// A way of copying one engine's data and log, and of making data from them again.
///
/// It works between local folders: what lies in a repository and how it gets there is not its
/// concern (snapshots/repository.h). It drives the engine's own tools, keeps no state of its own,
/// and may be killed at any moment: what it leaves half made is in folders that the caller made
/// for the purpose, and removes. Used on one strand, beside the engine's Driver.
class SnapshotEngine {
public:
    virtual ~SnapshotEngine() = default;

    /// Errors: `refused`, naming the tool that is missing or too old, and its package.
    [[nodiscard]] virtual Awaitable<Result<SnapshotAbilities>> abilities(Deadline deadline) = 0;

    // Taking ---------------------------------------------------------------------------------

    /// Copies the running server's data into the new folder `to`, compressed, with a manifest that
    /// check() needs, everything fsynced. The server may be a standby; one that is promoted
    /// meanwhile makes the copy fail, unless it is proven that the copy is good all the same.
    /// Fills in what the engine knows of the Snapshot: engine, version, system_id, begin, end,
    /// end_unix_ms, data_bytes, self_contained. The settings the server runs with go along.
    [[nodiscard]] virtual Awaitable<Result<Snapshot>>
    take(std::filesystem::path to, OnProgress on_progress, Deadline deadline) = 0;
    /// Compares every byte of a snapshot's folder with its manifest. Errors: `refused`, naming the
    /// exact file, and in it the place where the tool tells it.
    [[nodiscard]] virtual Awaitable<Result<void>>
    check(std::filesystem::path snapshot, OnProgress on_progress, Deadline deadline) = 0;

    // The log --------------------------------------------------------------------------------

    /// Receives the running server's log into the folder `spool` until it is cancelled or fails,
    /// fsynced as it comes, across a promotion of the server. Begins after `after`, which must be
    /// the end of a finished segment; with an unknown history, at the server's present position.
    /// Errors: `refused` if the server no longer has that log: the gap is named.
    [[nodiscard]] virtual Awaitable<Result<void>> receive(std::filesystem::path spool,
                                                          Position after) = 0;
    /// The segments in `spool` that are finished, in order, each with what it holds; `name` is the
    /// file's. Files that are no log are left out; a spool that is not there yet holds nothing.
    /// Reads the files, so call it off the strand's busy path. Errors: `refused`, naming a file
    /// that is damaged.
    [[nodiscard]] virtual Awaitable<Result<std::vector<LogSegment>>>
    finished(std::filesystem::path spool, Deadline deadline) = 0;
    /// The piece that is still being written, as far as it is on disk; nothing if there is none.
    [[nodiscard]] virtual Awaitable<Result<std::optional<LogSegment>>>
    unfinished(std::filesystem::path spool, Deadline deadline) = 0;
    /// All forks on the way to the server's present history, the first one first.
    [[nodiscard]] virtual Awaitable<Result<std::vector<HistoryFork>>> forks(Deadline deadline) = 0;

    // Restoring ------------------------------------------------------------------------------

    struct Source {
        std::filesystem::path snapshot; // As take() made it.
        std::filesystem::path log;      // The segments that the plan names, under their names.
        std::vector<HistoryFork> forks;
        History history; // On which the restore shall end.
    };
    struct Restored {
        Position end;                 // Where it ended.
        std::int64_t end_unix_ms = 0; // Its last commit; 0: none was replayed.
        std::string system_id;
    };
    /// Fills the absent or empty data folder with `source` and recovers it up to `target` with a
    /// server that nobody can reach, which ends cleanly: what it leaves is a stopped primary's
    /// folder on a history of its own. No ticket, mark or setting of the source's hosts is left in
    /// it. Interrupted, it leaves a folder that cannot be started. Errors: `refused` if the target
    /// was not reached (says how far it came), the folder is not empty, a server runs in it, or
    /// there is no room (how much is needed and free).
    [[nodiscard]] virtual Awaitable<Result<Restored>>
    restore(Source source, RestoreTarget target, OnProgress on_progress, Deadline deadline) = 0;
    /// The engine's own check of every table (amcheck, CHECK TABLE) on the running server. Errors:
    /// `refused`, naming the table and the finding.
    [[nodiscard]] virtual Awaitable<Result<void>> examine_tables(OnProgress on_progress,
                                                                 Deadline deadline) = 0;
    /// What a user wants to be asked of restored data.
    struct Questions {
        std::string database;         // Empty: the engine's own.
        std::filesystem::path script; // The engine's own client runs it; empty: nothing.
    };
    /// Starts a server on the folder that restore() filled which nobody but this process reaches,
    /// examines its tables, runs the questions there as the superuser, and stops it. It runs no
    /// jobs and loads no libraries of the source's. The folder is of no use afterwards. Errors:
    /// `refused`: what was found, or what the script ended with.
    [[nodiscard]] virtual Awaitable<Result<void>> prove(Questions questions, OnProgress on_progress,
                                                        Deadline deadline) = 0;
};

} // namespace lockstep
