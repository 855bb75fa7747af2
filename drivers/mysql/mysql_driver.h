#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/common/background.h"
#include "drivers/driver.h"
#include "drivers/mysql/config.h"
#include "drivers/mysql/data_note.h"
#include "drivers/mysql/descent.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/gtid_set.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/own_log.h"
#include "drivers/mysql/session.h"
#include "drivers/mysql/settings.h"

namespace lockstep {

using MysqlConfig = mysql::Config;

/// MySQL 8.0.26 and later, MariaDB 10.11 and later: two flavours of one driver, whose differences
/// lie in flavour.h and in files of their own (docs/decisions/0015). Sessions of its own go through
/// the Unix socket as the operating system's user.
///
/// Unlike other drivers it remembers one thing that safety hangs on: of which sync name it saw the
/// effect since the server's start. What it does not remember it looks at anew.
class MysqlDriver final : public Driver {
public:
    /// `config` has passed mysql::check. All calls and all callbacks run on `executor`.
    [[nodiscard]] static std::unique_ptr<Driver> make(asio::any_io_executor executor,
                                                      MysqlConfig config);
    MysqlDriver(asio::any_io_executor executor, MysqlConfig config);
    ~MysqlDriver() override;
    MysqlDriver(const MysqlDriver&) = delete;
    MysqlDriver& operator=(const MysqlDriver&) = delete;

    [[nodiscard]] std::string name() const override; // "mysql", "mariadb"

    [[nodiscard]] Awaitable<Result<DataFolder>> inspect(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> initialise(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> clone(Member upstream, OnProgress on_progress,
                                                Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Divergence>> judge(Member upstream, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<std::uint64_t>>
    preserve(Divergence from, std::filesystem::path to, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<RewindPlan>>
    prepare_rewind(Member upstream, std::filesystem::path kept, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> rewind(Member upstream, OnProgress on_progress,
                                                 Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<DecodedLog>>
    decode(std::filesystem::path kept, std::uint64_t fork_offset_bytes, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> discard(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<bool>> never_promoted(Deadline deadline) override;

    [[nodiscard]] Result<void> write_ticket(const Ticket& ticket) override;
    [[nodiscard]] Result<void> remove_ticket() override;
    [[nodiscard]] std::filesystem::path ticket_path() const override;
    [[nodiscard]] Door door() const override;
    [[nodiscard]] const std::filesystem::path& data_folder() const override;
    [[nodiscard]] Command start_command() const override;
    [[nodiscard]] std::filesystem::path server_log() const override;
    [[nodiscard]] std::optional<ProcessId> running_server() const override;

    [[nodiscard]] Awaitable<Result<ServerReport>> observe(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> apply(Ticket ticket, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Position>> prove(std::string sync_name,
                                                    Deadline deadline) override;
    /// Nothing to hold: the effect is seen before the granted account can stream at all (apply),
    /// so no standby's quick acknowledgement can hide it, and a held applier would only make a
    /// promotion longer.
    [[nodiscard]] Awaitable<Result<void>> hold_replay(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> release_replay(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<History>> promote(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> keep_for(std::vector<Member> peers,
                                                   Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> stop(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> checkpoint(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> drain(Milliseconds patience, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<std::optional<Position>>> stopped_at(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Heartbeat>> heartbeat(Deadline deadline) override;
    void forget_server() override;

private:
    using Session = mysql::Session;
    using Rows = mysql::Rows;
    using Clock = std::chrono::steady_clock;

    // ---- With a server --------------------------------------------------------------------

    /// What one kind of session is for; each runs one query at a time.
    struct Sessions {
        Session::Ptr control; // Commands; never commits anything that waits.
        Session::Ptr spare;   // The same, opened before it is needed: logins can hang.
        Session::Ptr watch;   // observe(), made anew each second.
        Session::Ptr pulse;   // The heartbeat's commits.
        Session::Ptr look;    // Whether the heartbeat or a canary waits for the standby.
        Session::Ptr canary;  // apply()'s and prove()'s commits, which wait.
        Session::Ptr flush;   // checkpoint()'s.
    };

    // sessions.cpp
    [[nodiscard]] mysql::Connection local_connection() const;
    [[nodiscard]] mysql::Connection peer_connection(const Member& upstream) const;
    [[nodiscard]] Awaitable<Result<Session::Ptr>> kept(Session::Ptr Sessions::*which,
                                                       Deadline deadline);
    [[nodiscard]] Awaitable<Result<Rows>> command(std::string sql, Deadline deadline);
    [[nodiscard]] Awaitable<Result<bool>> is_standby(Deadline deadline);

    // history.cpp
    [[nodiscard]] Awaitable<Result<mysql::Descent>> read_descent(Session::Ptr session,
                                                                 Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> read_system_id(Session::Ptr session,
                                                                Deadline deadline);

    // ---- disk: without a server -----------------------------------------------------------
    // ticket.cpp
    [[nodiscard]] Ticket for_this_data(Ticket ticket) const;

    // server_process.cpp
    [[nodiscard]] std::filesystem::path program(std::string_view name) const;
    [[nodiscard]] Command tool(std::string_view name, std::vector<std::string> arguments) const;

    // alone.cpp
    struct AloneState;
    using AloneWork = std::function<Awaitable<Result<void>>(Session::Ptr)>;
    [[nodiscard]] mysql::Alone alone_in(std::filesystem::path data_dir) const;
    [[nodiscard]] Awaitable<Result<int>> run_alone(mysql::Alone alone, std::string user,
                                                   AloneWork work, Deadline deadline);
    [[nodiscard]] Awaitable<Result<ToolResult>> serve_alone(std::shared_ptr<AloneState> state,
                                                            Command command, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Session::Ptr>>
    reach_alone(std::shared_ptr<AloneState> state, mysql::Connection connection, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> use_alone(std::shared_ptr<AloneState> state,
                                                    mysql::Connection connection, AloneWork work,
                                                    Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    say_all(Session::Ptr session, std::vector<std::string> statements, Deadline deadline);

    // folder.cpp
    [[nodiscard]] Awaitable<Result<void>> prepare_folder(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> empty_folder(Deadline deadline);
    [[nodiscard]] Awaitable<void> undo_filling();

    // initialise.cpp
    [[nodiscard]] Awaitable<Result<void>> install_tables(std::filesystem::path into,
                                                         Deadline deadline);
    /// Without a system id: no schema `lockstep`, for a copy that brings it along.
    [[nodiscard]] Awaitable<Result<void>> make_database(std::filesystem::path into,
                                                        std::string system_id, Deadline deadline);
    [[nodiscard]] Result<void> complete_folder(const mysql::DataNote& note);

    // clone.cpp
    [[nodiscard]] Awaitable<Result<mysql::DataNote>>
    fill_from(Member upstream, OnProgress on_progress, Deadline deadline);

    // clone_mariadb.cpp
    [[nodiscard]] Command dump_command(const Member& upstream,
                                       const std::filesystem::path& into) const;
    [[nodiscard]] Command load_command(const mysql::Alone& alone,
                                       const std::filesystem::path& from) const;
    [[nodiscard]] Awaitable<std::uint64_t> estimate_bytes(Member upstream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::DataNote>> place_copy(Session::Ptr session,
                                                                Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> load_dump(Session::Ptr session, Member upstream,
                                                    mysql::Alone alone, OnProgress on_progress,
                                                    std::shared_ptr<mysql::DataNote> note,
                                                    Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::DataNote>> copy_by_dump(Member upstream,
                                                                  std::filesystem::path into,
                                                                  OnProgress on_progress,
                                                                  Deadline deadline);

    // clone_mysql.cpp
    [[nodiscard]] Awaitable<void> tell_clone(Session::Ptr look, OnProgress on_progress,
                                             Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> clone_by_statement(Session::Ptr session, Member upstream,
                                                             mysql::Alone alone,
                                                             OnProgress on_progress,
                                                             Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>>
    look_at_clone(Session::Ptr session, std::shared_ptr<mysql::DataNote> note, Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::DataNote>> copy_by_clone(Member upstream,
                                                                   std::filesystem::path into,
                                                                   OnProgress on_progress,
                                                                   Deadline deadline);

    // judge.cpp
    [[nodiscard]] Awaitable<Result<mysql::GtidSet>> purged_of(Session::Ptr session,
                                                              Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::Upstream>> ask_upstream(Member upstream,
                                                                  Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::OwnLog>> read_log();
    [[nodiscard]] Awaitable<Result<std::optional<mysql::LogStart>>> start_of(mysql::OwnLog log,
                                                                             mysql::GtidSet alone);

    // rewind.cpp
    [[nodiscard]] Awaitable<Result<void>> cut_tail(mysql::OwnLog log, mysql::GtidSet alone);
    [[nodiscard]] Awaitable<Result<void>> recover_alone(mysql::Upstream told, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> check_recovered(Session::Ptr session,
                                                          mysql::Upstream told, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> check_log(mysql::Upstream told);

    // ---- end of disk ----------------------------------------------------------------------

    struct Remembered {
        Clock::time_point watch_opened{};
    };

    asio::any_io_executor executor_;
    MysqlConfig config_;
    Sessions sessions_;
    std::optional<Ticket> ticket_; // The last one written.
    Remembered remembered_;
    Background background_; // For the copying and removing of many files.
};

} // namespace lockstep
