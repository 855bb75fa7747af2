#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "agent/disk_worker.h"
#include "agent/restoring.h"

namespace lockstep {

/// Proves that a snapshot can be restored: does it in a folder beside the database's, where a
/// server that nobody reaches examines every table and answers the user's questions.
class Proving {
public:
    struct Means {
        std::filesystem::path sandbox;          // Empty: nothing is proven here.
        std::unique_ptr<SnapshotEngine> engine; // Its data folder lies in `sandbox`.
        SnapshotEngine::Questions questions;
    };
    Proving(asio::any_io_executor executor, Means means, Restoring& restoring)
        : means_(std::move(means)), restoring_(restoring), disk_(std::move(executor)) {}

    struct Proof {
        Snapshot snapshot; // That was restored.
        SnapshotProof state = SnapshotProof::restored;
        std::int64_t end_unix_ms = 0; // The last commit that was replayed; 0: none was.
        Milliseconds restore_time{0};
    };
    using OnStep = std::function<void(std::string)>;
    /// Errors: `refused`: what was found; why nothing can be proven here. The sandbox is empty
    /// afterwards.
    [[nodiscard]] Awaitable<Result<Proof>> prove(Origin origin, OnStep on_step,
                                                 OnProgress on_progress);

private:
    [[nodiscard]] Awaitable<Result<Proof>> restore_and_ask(Origin origin, OnStep on_step,
                                                           OnProgress on_progress);
    [[nodiscard]] Awaitable<Result<void>> clear();

    Means means_;
    Restoring& restoring_;
    DiskWorker disk_; // To remove all of a database takes its time.
};

} // namespace lockstep
