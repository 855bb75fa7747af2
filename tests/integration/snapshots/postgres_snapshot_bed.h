#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/postgres/snapshot/postgres_snapshots.h"
#include "tests/integration/postgres/bed.h"
#include "tests/integration/snapshots/running.h"

/// Real servers with a ledger in them, by which it is told what a restored one holds.
namespace lockstep::bed {

class SnapshotBed {
public:
    SnapshotBed();

    [[nodiscard]] Bed& bed() { return bed_; }
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

    /// A member of its own, whose folder is to be restored.
    [[nodiscard]] Node& target() { return target_; }
    [[nodiscard]] SnapshotEngine& restorer() { return *restorer_; }
    /// Restores, starts the server, looks at its ledger, stops it and empties the folder.
    LedgerSeen restored(const SnapshotEngine::Source& source, const RestoreTarget& target);
    void empty_target();

private:
    Bed bed_;
    Node target_;
    std::unique_ptr<SnapshotEngine> engine_a_;
    std::unique_ptr<SnapshotEngine> engine_b_;
    std::unique_ptr<SnapshotEngine> restorer_;
    std::int64_t next_ = 1;
};

} // namespace lockstep::bed
