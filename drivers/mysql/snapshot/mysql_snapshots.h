#pragma once

#include <memory>

#include "drivers/common/background.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/snapshot/packed_data.h"
#include "drivers/mysql/snapshot/position_note.h"
#include "drivers/mysql/snapshot/replay_plan.h"
#include "drivers/mysql/snapshot/spool.h"
#include "drivers/snapshot_engine.h"

namespace lockstep {

namespace mysql {
struct Replay;
}

/// MariaDB by mariadb-backup, MySQL by its clone plug-in, either made consistent when it is taken;
/// the log by the engine's mysqlbinlog; a restore replays the log as relay logs of a server that
/// nobody reaches (docs/decisions/0023).
class MysqlSnapshots final : public SnapshotEngine {
public:
    /// `config` is the agent's driver's.
    [[nodiscard]] static std::unique_ptr<SnapshotEngine> make(asio::any_io_executor executor,
                                                              MysqlConfig config);
    MysqlSnapshots(asio::any_io_executor executor, MysqlConfig config);

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
    using Session = mysql::Session;
    using Rows = mysql::Rows;

    // mysql_snapshots.cpp
    /// What the running server says of itself.
    struct Identity {
        std::string version;
        std::string system_id;
        mysql::Descent descent;
        std::uint64_t place = 0;
        std::int64_t unix_s = 0;              // By its clock.
        std::uint64_t largest_file_bytes = 0; // Of its log, about.
    };
    [[nodiscard]] Awaitable<Result<Session::Ptr>> open(Deadline deadline);
    [[nodiscard]] Awaitable<Result<Identity>> identify(Session::Ptr session, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Identity>> identify_server(Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> version_of(std::string program, Deadline deadline);
    [[nodiscard]] const mysql::Words& word() const { return mysql::words(config_.flavour); }

    // examine_tables.cpp
    [[nodiscard]] Awaitable<Result<void>> examine(Session::Ptr session, OnProgress on_progress,
                                                  Deadline deadline);
    // prove.cpp
    [[nodiscard]] Awaitable<Result<void>> run_script(std::filesystem::path socket,
                                                     Questions questions, Deadline deadline);

    // take.cpp
    [[nodiscard]] Awaitable<Result<Snapshot>> pack(std::filesystem::path to,
                                                   std::filesystem::path copied,
                                                   mysql::GtidSet position, Identity identity,
                                                   Deadline deadline);
    // take_mariadb.cpp
    [[nodiscard]] Awaitable<Result<mysql::GtidSet>>
    copy_by_backup(std::filesystem::path into, OnProgress on_progress, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> run_copier(std::vector<std::string> arguments,
                                                     OnProgress on_progress, Deadline deadline);

    // take_mysql.cpp
    [[nodiscard]] Awaitable<Result<mysql::GtidSet>>
    copy_by_clone(std::filesystem::path into, OnProgress on_progress, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> clone_into(std::filesystem::path into,
                                                     OnProgress on_progress, Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::GtidSet>> recover_clone(std::filesystem::path copied,
                                                                  Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    look_at_clone(Session::Ptr session, std::shared_ptr<std::string> held, Deadline deadline);

    // receive.cpp
    [[nodiscard]] Awaitable<Result<std::string>> first_file(Identity identity, Position after);
    [[nodiscard]] Awaitable<Result<void>> run_receiver(std::filesystem::path spool,
                                                       std::string prefix, std::string first);
    [[nodiscard]] Awaitable<void> keep_note(std::filesystem::path spool, std::string prefix);

    // restore.cpp
    struct Filling;
    [[nodiscard]] Awaitable<Result<mysql::ReplayPlan>>
    fill(std::shared_ptr<const Filling> filling, OnProgress on_progress, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Restored>> restore_into_empty(Source source,
                                                                 RestoreTarget target,
                                                                 OnProgress on_progress,
                                                                 Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> complete(mysql::DataNote note);

    // replay.cpp
    [[nodiscard]] Awaitable<Result<void>> recover(std::shared_ptr<mysql::Replay> replay,
                                                  Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    replay(Session::Ptr session, std::shared_ptr<mysql::Replay> replay, Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::GtidSet>> replayed(Session::Ptr session,
                                                             Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    until_replayed(Session::Ptr session, std::shared_ptr<mysql::Replay> replay, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    begin_history(Session::Ptr session, std::shared_ptr<mysql::Replay> replay, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> wake_events(Session::Ptr session, Deadline deadline);

    asio::any_io_executor executor_;
    MysqlConfig config_;
    MysqlDriver driver_;     // Of its own: nothing is remembered of the agent's.
    Background background_;  // For reading and writing many bytes.
    Background log_reading_; // Beside it: a snapshot must not hold up the log.
    mysql::ReadFiles read_;  // Touched by log_reading_ alone.
};

} // namespace lockstep
