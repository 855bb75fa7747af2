#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/log_keeper.h"
#include "agent/memory.h"
#include "agent/pair_repository.h"
#include "agent/proving.h"
#include "agent/restoring.h"
#include "agent/snapshot_board.h"
#include "agent/snapshot_jobs.h"
#include "agent/snapshot_schedule.h"
#include "agent/supervisor.h"
#include "agent/wake.h"

namespace lockstep {

/// While this member is its pair's archiver: keeps the log, takes snapshots as it is asked, and
/// tells what there is. The database never waits for it.
class Archivist {
public:
    struct Means {
        MakeRepository repository;              // Empty: the agent's file names none.
        std::unique_ptr<SnapshotEngine> engine; // Empty: there is none for this database.
        std::filesystem::path scratch;          // For the log of a restore.
        Proving::Means proving;
    };
    Archivist(asio::any_io_executor executor, Means means, LocalState& state, const Memory& memory,
              const Supervisor& supervisor, Journal& journal, SnapshotBoard& board);

    [[nodiscard]] Awaitable<void> run();
    /// What DataMaking restores with.
    [[nodiscard]] Awaitable<Result<std::string>> restore(Origin origin, OnProgress on_progress);

private:
    /// What it works on while it is the archiver in one epoch.
    struct Place {
        PairName pair;
        Epoch epoch{};
        Milliseconds claimed_at{0}; // Or seen to be still claimed.
        std::shared_ptr<PairRepository> repository;
        std::shared_ptr<snapshots::Catalogue> catalogue;
        bool incomplete = false; // Not all of the repository could be read.
        History forks_of;        // Whose forks were noted.
        std::shared_ptr<SnapshotSchedule> schedule;
    };

    [[nodiscard]] Awaitable<void> step();
    [[nodiscard]] Awaitable<void> archive(PairRecord record);
    [[nodiscard]] std::string hindrance() const;
    [[nodiscard]] Awaitable<Result<void>> open(const PairRecord& record);
    [[nodiscard]] Awaitable<Result<void>> claim_again();
    void leave();
    [[nodiscard]] Awaitable<Result<void>> keep_log();
    [[nodiscard]] Awaitable<Result<void>> note_forks(const History& history);
    void receive(const ServerReport& server);
    [[nodiscard]] Awaitable<Result<void>> work(SnapshotPolicy policy);
    void tell(const PairName& pair, const std::string& trouble,
              const std::optional<LogSegment>& unfinished);

    asio::any_io_executor executor_;
    Means means_;
    LocalState& state_;
    const Memory& memory_;
    const Supervisor& supervisor_;
    Journal& journal_;
    SnapshotBoard& board_;
    Wake wake_;
    Restoring restoring_;
    Proving proving_;
    std::unique_ptr<LogKeeper> keeper_;
    std::unique_ptr<SnapshotJobs> jobs_;
    std::optional<Place> place_;
    std::string repository_name_; // Of the last place.
    bool mine_ = false;           // It was the archiver at the last look.
    Milliseconds well_at_{0};     // When all went well last, or it became the archiver.
};

} // namespace lockstep
