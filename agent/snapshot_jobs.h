#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/journal.h"
#include "agent/pair_repository.h"
#include "agent/proving.h"
#include "drivers/snapshot_engine.h"

namespace lockstep {

/// Takes, checks, proves and removes snapshots, one at a time, as it is asked.
class SnapshotJobs {
public:
    /// What a job works on.
    struct Place {
        std::shared_ptr<PairRepository> repository;
        std::shared_ptr<snapshots::Catalogue> catalogue;
        MemberId self;
        Epoch epoch{};
    };

    SnapshotJobs(asio::any_io_executor executor, SnapshotEngine& engine, Proving& proving,
                 Journal& journal, std::function<void()> changed);

    /// Begins the first of these that was not done yet, unless a job runs. What is not asked for
    /// any more is forgotten.
    void work_on(const std::vector<SnapshotOrder>& orders, const Place& place);
    /// Ends what runs; nothing of it is left but what the next try removes.
    void stop();
    [[nodiscard]] bool busy() const { return work_ != nullptr; }
    [[nodiscard]] std::vector<SnapshotJob> list() const;

private:
    using Key = std::pair<SnapshotWork, std::string>;
    struct Work {
        SnapshotOrder order;
        Place place;
        asio::cancellation_signal cancel;
        bool cancelled = false;
    };
    using WorkPointer = std::shared_ptr<Work>;

    void forget_others(const std::vector<SnapshotOrder>& orders);
    void begin(const SnapshotOrder& order, const Place& place);
    [[nodiscard]] Awaitable<void> run(WorkPointer work);
    [[nodiscard]] Awaitable<Result<void>> take(WorkPointer work);
    [[nodiscard]] Awaitable<Result<Snapshot>> go_on_or_copy(WorkPointer work);
    [[nodiscard]] Awaitable<Result<Snapshot>> copy(WorkPointer work, std::filesystem::path folder);
    [[nodiscard]] Awaitable<Result<void>> check(WorkPointer work);
    [[nodiscard]] Awaitable<Result<void>> verify(WorkPointer work);
    [[nodiscard]] Awaitable<Result<void>> remove(WorkPointer work);
    [[nodiscard]] Awaitable<Result<void>> note(WorkPointer work, Snapshot snapshot);
    void ended(const WorkPointer& work, const Result<void>& outcome);
    void set_step(const WorkPointer& work, std::string step);
    [[nodiscard]] OnProgress show_progress(const WorkPointer& work);

    asio::any_io_executor executor_;
    SnapshotEngine& engine_;
    Proving& proving_;
    Journal& journal_;
    std::function<void()> changed_;
    WorkPointer work_;
    std::map<Key, SnapshotJob> jobs_;
};

} // namespace lockstep
