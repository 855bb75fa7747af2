#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/disk_worker.h"
#include "drivers/driver.h"
#include "snapshots/repository.h"

namespace lockstep {

/// One pair's part of a repository, without blocking the agent's thread (snapshots/repository.h).
/// Small things do not wait for large ones, and nobody for a storage that hangs: `timeout`.
class PairRepository {
public:
    PairRepository(asio::any_io_executor executor,
                   std::unique_ptr<snapshots::Repository> repository)
        : repository_(std::move(repository)), small_(executor), large_(executor) {}
    PairRepository(const PairRepository&) = delete;
    PairRepository& operator=(const PairRepository&) = delete;
    /// What is still going on is ended: nobody waits for it.
    ~PairRepository() { repository_->stop(); }

    [[nodiscard]] std::string name() const { return repository_->name(); }
    [[nodiscard]] std::filesystem::path incoming(const MemberId& writer) const {
        return repository_->incoming(writer);
    }
    [[nodiscard]] bool counts_incoming() const { return repository_->counts_incoming(); }

    [[nodiscard]] Awaitable<Result<snapshots::Reading>> read();
    [[nodiscard]] Awaitable<Result<void>> claim(MemberId writer, Epoch epoch);
    [[nodiscard]] Awaitable<Result<std::filesystem::path>> stage(std::string id);
    [[nodiscard]] Awaitable<Result<std::optional<Snapshot>>> left_off(std::string id);
    [[nodiscard]] Awaitable<Result<Snapshot>> finish(Snapshot snapshot, OnProgress on_progress);
    [[nodiscard]] Awaitable<Result<LogSegment>> keep(std::filesystem::path file,
                                                     LogSegment segment);
    [[nodiscard]] Awaitable<Result<void>> note_forks(std::vector<HistoryFork> forks);
    [[nodiscard]] Awaitable<Result<void>> note(Snapshot snapshot);
    [[nodiscard]] Awaitable<Result<void>> remove_snapshot(std::string id);
    [[nodiscard]] Awaitable<Result<void>> remove_log(std::vector<LogSegment> segments);
    [[nodiscard]] Awaitable<Result<std::filesystem::path>>
    open_snapshot(std::string id, snapshots::Repository::Verify verify, OnProgress on_progress);
    [[nodiscard]] Awaitable<Result<void>> close_snapshot(std::string id);
    [[nodiscard]] Awaitable<Result<void>>
    fetch_log(std::vector<LogSegment> segments, std::filesystem::path to, OnProgress on_progress);
    [[nodiscard]] Awaitable<Result<std::vector<std::filesystem::path>>> all_incoming();
    /// Whether log can be received there. Errors: `unreachable`: the folder above is gone.
    [[nodiscard]] Awaitable<Result<void>> check_incoming(MemberId writer);
    /// Removes received log that was kept. What stays is kept once more, and is the same.
    [[nodiscard]] Awaitable<Result<void>> remove_received(std::filesystem::path file);
    /// Work on files that takes its time, or hangs with their storage; behind other large ones.
    [[nodiscard]] Awaitable<Result<void>> work_on_files(std::string what,
                                                        std::function<Result<void>()> work);

private:
    std::shared_ptr<snapshots::Repository> repository_; // Shared with the work that is going on.
    DiskWorker small_;
    DiskWorker large_;
};

} // namespace lockstep
