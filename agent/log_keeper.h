#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "agent/pair_repository.h"
#include "drivers/snapshot_engine.h"

namespace lockstep {

/// Receives the log of the running server into a folder, and brings what is finished of it into the
/// repository.
class LogKeeper {
public:
    LogKeeper(asio::any_io_executor executor, SnapshotEngine& engine);

    /// Receives into the repository's folder for `writer` what follows `after`, unless it receives
    /// already.
    void begin(std::shared_ptr<PairRepository> repository, MemberId writer, Position after);
    void stop();
    [[nodiscard]] bool receives() const { return work_ != nullptr; }
    /// Why receiving ended last, since the last stop.
    [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

    /// Brings finished segments into the repository, and notes them in `catalogue`. Returns whether
    /// there were any.
    [[nodiscard]] Awaitable<Result<bool>> keep(PairRepository& repository, Epoch epoch,
                                               snapshots::Catalogue& catalogue);
    /// What was received and is not finished, as far as it is on disk.
    [[nodiscard]] Awaitable<Result<std::optional<LogSegment>>> unfinished();

private:
    struct Work {
        asio::cancellation_signal cancel;
        bool cancelled = false;
    };
    [[nodiscard]] Awaitable<void> receive(std::shared_ptr<Work> work,
                                          std::shared_ptr<PairRepository> repository,
                                          MemberId writer, Position after);

    asio::any_io_executor executor_;
    SnapshotEngine& engine_;
    std::filesystem::path spool_;
    std::shared_ptr<Work> work_;
    std::optional<Error> trouble_;
};

} // namespace lockstep
