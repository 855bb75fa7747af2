#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "tests/integration/mysql/bed.h"
#include "tests/integration/snapshots/running.h"

/// Real servers of one flavour with a ledger in them, by which it is told what a restored one
/// holds.
namespace lockstep::mysql_bed {

using bed::LedgerSeen;
using bed::Running;

class SnapshotBed {
public:
    explicit SnapshotBed(Flavour flavour);

    [[nodiscard]] Bed& bed() { return bed_; }
    [[nodiscard]] Flavour flavour() const { return flavour_; }
    [[nodiscard]] SnapshotEngine& a() { return *engine_a_; }
    [[nodiscard]] SnapshotEngine& b() { return *engine_b_; }
    [[nodiscard]] std::filesystem::path folder(const std::string& name) {
        return bed_.folder() / name;
    }

    void make_ledger(Node& on);
    /// One more row; returns its number.
    std::int64_t add_row(Node& on);
    [[nodiscard]] LedgerSeen look(Node& on);
    /// About so much data, not in the ledger.
    void add_bulk(Node& on, int megabytes);
    /// Returns once b has all that a has.
    void catch_up();
    /// The last transaction's place on its history, and its GTID.
    [[nodiscard]] std::uint64_t place_of(Node& on);
    [[nodiscard]] std::string last_gtid(Node& on);

    /// A member of its own, whose folder is to be restored.
    [[nodiscard]] Node& target() { return target_; }
    [[nodiscard]] SnapshotEngine& restorer() { return *restorer_; }
    /// Restores, starts the server, looks at its ledger, kills it and empties the folder.
    LedgerSeen restored(const SnapshotEngine::Source& source, const RestoreTarget& target);
    void start_target();
    void empty_target();

    /// Until the spool holds the log up to there; the end of what it holds.
    LogSegment received_up_to(SnapshotEngine& engine, const std::filesystem::path& spool,
                              std::uint64_t place);
    [[nodiscard]] std::vector<LogSegment> finished(SnapshotEngine& engine,
                                                   const std::filesystem::path& spool);

private:
    Flavour flavour_;
    Bed bed_;
    Node target_;
    std::unique_ptr<SnapshotEngine> engine_a_;
    std::unique_ptr<SnapshotEngine> engine_b_;
    std::unique_ptr<SnapshotEngine> restorer_;
    std::int64_t next_ = 1;
};

/// One number after another is written until it is told to stop; returns how many were
/// acknowledged.
[[nodiscard]] Awaitable<std::int64_t> write_on(mysql::Session::Ptr session, const bool* stop);

} // namespace lockstep::mysql_bed
