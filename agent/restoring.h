#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "agent/journal.h"
#include "agent/pair_repository.h"
#include "agent/repositories.h"
#include "drivers/snapshot_engine.h"
#include "snapshots/decision/restore_plan.h"

namespace lockstep {

/// Makes data from what is in a pair's repository.
class Restoring {
public:
    /// `make_repository` must not be empty when something is restored.
    Restoring(asio::any_io_executor executor, MakeRepository make_repository, Journal& journal)
        : executor_(std::move(executor)), make_repository_(std::move(make_repository)),
          journal_(journal) {}

    struct Into {
        SnapshotEngine& engine;        // Whose data folder is filled.
        std::filesystem::path scratch; // For the log; emptied first.
    };
    struct Outcome {
        Snapshot snapshot;
        SnapshotEngine::Restored restored;
    };
    /// Errors: `refused`, with the nearest times that can be reached, before anything is copied;
    /// those of the repository and of SnapshotEngine::restore.
    [[nodiscard]] Awaitable<Result<Outcome>> restore(Origin origin, Into into,
                                                     OnProgress on_progress);

private:
    /// Log that lies where archivers receive it: not in the repository's list yet.
    using Received = std::map<std::string, std::filesystem::path>; // By the segment's name.
    [[nodiscard]] Awaitable<Result<Received>> add_received(PairRepository& repository,
                                                           SnapshotEngine& engine,
                                                           snapshots::Catalogue& catalogue);
    [[nodiscard]] Awaitable<Result<SnapshotEngine::Source>>
    fetch(PairRepository& repository, const snapshots::RestorePlan& plan, const Received& received,
          std::filesystem::path log, OnProgress on_progress);

    asio::any_io_executor executor_;
    MakeRepository make_repository_;
    Journal& journal_;
};

} // namespace lockstep
