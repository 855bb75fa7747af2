#pragma once

#include <memory>

#include "drivers/common/background.h"
#include "drivers/postgres/history.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/snapshot/backup_manifest.h"
#include "drivers/postgres/snapshot/recovery.h"
#include "drivers/snapshot_engine.h"

namespace lockstep {

/// PostgreSQL 15 and later by its own programs: pg_basebackup, whose output is packed as tar and
/// zstd and whose manifest is compared with every byte of it, and pg_receivewal.
class PostgresSnapshots final : public SnapshotEngine {
public:
    /// `config` is the agent's driver's.
    [[nodiscard]] static std::unique_ptr<SnapshotEngine> make(asio::any_io_executor executor,
                                                              PostgresConfig config);
    PostgresSnapshots(asio::any_io_executor executor, PostgresConfig config);

    [[nodiscard]] Awaitable<Result<SnapshotAbilities>> abilities(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Snapshot>> take(std::filesystem::path to, OnProgress on_progress,
                                                   Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> check(std::filesystem::path snapshot,
                                                OnProgress on_progress, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> receive(std::filesystem::path spool,
                                                  Position after) override;
    [[nodiscard]] Awaitable<Result<std::vector<LogSegment>>> finished(std::filesystem::path spool,
                                                                      Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<std::optional<LogSegment>>>
    unfinished(std::filesystem::path spool, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<std::vector<HistoryFork>>> forks(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Restored>> restore(Source source, RestoreTarget target,
                                                      OnProgress on_progress,
                                                      Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> examine_tables(OnProgress on_progress,
                                                         Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> prove(Questions questions, OnProgress on_progress,
                                                Deadline deadline) override;

private:
    using Session = postgres::Session;

    /// What the server says of itself over a replication connection.
    struct Identity {
        std::string system_id;
        postgres::Descent descent;
        std::uint64_t position = 0; // Flushed.
        std::uint64_t segment_bytes = 0;
    };

    // postgres_snapshots.cpp
    [[nodiscard]] postgres::Settings connection(const std::string& application) const;
    [[nodiscard]] Awaitable<Result<postgres::Rows>>
    ask(Session::Ptr session, std::string sql, std::vector<std::string> values, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Session::Ptr>> open(std::string database, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Session::Ptr>> open_replication(Deadline deadline);
    [[nodiscard]] Awaitable<Result<Identity>> identify_server(Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> version_of(std::string program, Deadline deadline);

    // take.cpp
    /// What only the running server can tell.
    struct ServerFacts {
        std::string version;
        std::string settings;            // As settings.conf.
        std::int64_t last_commit_ms = 0; // No commit before the copy is later.
    };
    [[nodiscard]] Awaitable<Result<ServerFacts>> look_at_server(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> copy(std::filesystem::path to, OnProgress on_progress,
                                               Deadline deadline);

    // receive.cpp
    [[nodiscard]] Awaitable<Result<void>> ensure_slot(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    check_start(postgres::SegmentName start, std::uint64_t segment_bytes, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> run_receiver(std::filesystem::path spool);

    // examine_tables.cpp
    /// The schema in which amcheck is.
    [[nodiscard]] Awaitable<Result<std::string>> amcheck_in(Session::Ptr session,
                                                            Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> examine_database(std::string database,
                                                           std::shared_ptr<Progress> progress,
                                                           OnProgress on_progress,
                                                           Deadline deadline);

    // prove.cpp
    struct Proof;
    [[nodiscard]] Awaitable<Result<Command>> server_to_ask(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> serve_for_proof(std::shared_ptr<Proof> proof,
                                                          Command command, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> ask_for_proof(std::shared_ptr<Proof> proof,
                                                        Questions questions, OnProgress on_progress,
                                                        Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> run_script(Questions questions, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> end_server(std::shared_ptr<Proof> proof);

    // restore.cpp
    [[nodiscard]] Awaitable<Result<void>> check_folder(Deadline deadline);
    /// How the progress of a replay is told.
    struct Replaying {
        OnProgress told;
        std::uint64_t unpacked_bytes = 0;
        std::uint64_t total_bytes = 0;
        std::uint64_t segment_bytes = 16U << 20U;
    };
    [[nodiscard]] Awaitable<Result<void>> recover(std::vector<std::string> arguments,
                                                  std::shared_ptr<postgres::RecoveryLog> log,
                                                  Replaying replaying, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    recover_to(RestoreTarget target, postgres::Descent descent, postgres::Settings source,
               std::shared_ptr<postgres::RecoveryLog> log, Replaying replaying, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Restored>>
    restore_into_empty(Source source, RestoreTarget target, postgres::Descent descent,
                       postgres::BackupManifest manifest, OnProgress on_progress,
                       Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> give_up();
    [[nodiscard]] Awaitable<Result<Restored>> look_at_restored(postgres::Descent followed,
                                                               bool all_of_it, Deadline deadline);

    asio::any_io_executor executor_;
    PostgresConfig config_;
    PostgresDriver driver_;  // Of its own: nothing is remembered of the agent's.
    Background background_;  // For reading and writing many bytes.
    Background log_reading_; // Beside it: a snapshot must not hold up the log.
};

namespace postgres {

/// What pg_basebackup's manifest says of a copy of the server with this descent. Errors: `refused`
/// if the copy is of a timeline that the descent never was on.
[[nodiscard]] Result<Snapshot> describe(const BackupManifest& manifest, const Descent& descent);
/// Every fork on the way to `descent`, the first one first.
[[nodiscard]] std::vector<HistoryFork> forks_of(const Descent& descent);
/// Which segment receiving begins with, so that what follows `after` is whole. Errors: `refused`
/// if `after` is of a history that the server's does not come from; `unreachable` if the server is
/// not that far yet.
[[nodiscard]] Result<SegmentName> first_segment(const Descent& descent, std::uint64_t position,
                                                std::uint64_t segment_bytes, const Position& after);

} // namespace postgres

} // namespace lockstep
