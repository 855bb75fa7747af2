#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "snapshots/decision/catalogue.h"

namespace lockstep::snapshots {

/// What is in a repository, and what could not be read of it.
struct Reading {
    Catalogue catalogue;
    std::vector<std::string> damaged; // Descriptions, each named with what is wrong.
};

/// One pair's part of a repository: snapshots and segments of the log, each an object with a
/// description that is written last. What has no description is not there.
///
/// Every call blocks; calls of several threads at once are fine. Errors of all: `unreachable` and
/// `timeout` (the repository itself), `refused` (no room: how much is needed and free; no
/// permission), `corrupt` (names the object).
///
/// A folder has locks and renames, an object store has neither: what that means for claim() is said
/// in docs/decisions/0022-snapshots-in-an-object-store.md.
class Repository {
public:
    using OnBytes = std::function<void(std::uint64_t done, std::uint64_t total)>;
    virtual ~Repository() = default;

    /// For people: "/mnt/backup", "rclone offsite:bucket/lockstep".
    [[nodiscard]] virtual std::string name() const = 0;

    /// All that is finished; reads descriptions, no objects.
    [[nodiscard]] virtual Result<Reading> read() = 0;

    // Writing --------------------------------------------------------------------------------

    /// From now on `writer` ("b", a member) writes under `epoch`, and what others left half made is
    /// removed. Errors: `refused` if a higher epoch wrote; `conflict` if another writer of the same
    /// epoch is seen alive (in a folder; elsewhere two of one epoch do each other no harm).
    [[nodiscard]] virtual Result<void> claim(const MemberId& writer, Epoch epoch) = 0;
    /// A new empty folder of this machine for a snapshot's files; an earlier one of that id is
    /// gone.
    [[nodiscard]] virtual Result<std::filesystem::path> stage(const std::string& id) = 0;
    /// Makes the staged files the snapshot. Returns it with `bytes`. Read back before it counts.
    /// What a failure leaves staged takes room until remove_snapshot(), or the next claim.
    [[nodiscard]] virtual Result<Snapshot> finish(Snapshot snapshot, const OnBytes& on_bytes) = 0;
    /// A snapshot whose files an earlier finish() had whole but did not bring to the repository,
    /// also before this program was started: finish() goes on with it. None: begin with stage().
    [[nodiscard]] virtual Result<std::optional<Snapshot>> left_off(const std::string& /*id*/) {
        return std::optional<Snapshot>{};
    }
    /// Keeps a segment whose content is in `file`, which stays. Returns it with `bytes` and
    /// `sha256`. The same content under its name is fine. Errors: `refused`: other content is
    /// there, or a lower epoch than the claimed one writes.
    [[nodiscard]] virtual Result<LogSegment> keep(const std::filesystem::path& file,
                                                  LogSegment segment) = 0;
    [[nodiscard]] virtual Result<void> note_forks(const std::vector<HistoryFork>& forks) = 0;
    /// Replaces the description of a snapshot that is there: its proof, damage, tags, `keep`.
    [[nodiscard]] virtual Result<void> note(const Snapshot& snapshot) = 0;
    /// None is a success. The description goes first.
    [[nodiscard]] virtual Result<void> remove_snapshot(const std::string& id) = 0;
    [[nodiscard]] virtual Result<void> remove_log(const std::vector<LogSegment>& segments) = 0;
    /// Where this machine receives log that is not finished, on the repository's own storage where
    /// that is a folder: then it counts as kept as far as it is on disk.
    [[nodiscard]] virtual std::filesystem::path incoming(const MemberId& writer) = 0;
    [[nodiscard]] virtual bool counts_incoming() const { return true; }

    // Reading --------------------------------------------------------------------------------

    /// The snapshot's files in a folder of this machine, each compared with its SHA-256 if `verify`
    /// (else only that all are there with their sizes).
    enum class Verify { sizes, content };
    [[nodiscard]] virtual Result<std::filesystem::path>
    open_snapshot(const std::string& id, Verify verify, const OnBytes& on_bytes) = 0;
    /// Nobody reads that folder any more: what had to be brought to this machine for it goes.
    virtual void close_snapshot(const std::string& /*id*/) {}
    /// Brings the log's files into the folder `to`, as they were kept, each compared with its
    /// SHA-256.
    [[nodiscard]] virtual Result<void> fetch_log(const std::vector<LogSegment>& segments,
                                                 const std::filesystem::path& to,
                                                 const OnBytes& on_bytes) = 0;
    /// Folders of unfinished log, of all writers, that this machine can read.
    [[nodiscard]] virtual std::vector<std::filesystem::path> all_incoming() = 0;

    /// From any thread: what is going on ends soon, with an error, and nothing is begun any more.
    virtual void stop() {}
};

} // namespace lockstep::snapshots
