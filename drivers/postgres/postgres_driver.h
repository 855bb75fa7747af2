#pragma once

#include <map>
#include <memory>

#include "core/finding.h"
#include "drivers/common/background.h"
#include "drivers/driver.h"
#include "drivers/postgres/config.h"
#include "drivers/postgres/control_data.h"
#include "drivers/postgres/history.h"
#include "drivers/postgres/rewind_map.h"
#include "drivers/postgres/session.h"

namespace lockstep {

using PostgresConfig = postgres::Config;

/// PostgreSQL 13 and later. Sessions of its own go through the Unix socket as the superuser;
/// heartbeats are written in the database `postgres` and need no table.
class PostgresDriver final : public Driver {
public:
    /// `config` has passed postgres::check. All calls and all callbacks run on `executor`.
    [[nodiscard]] static std::unique_ptr<Driver> make(asio::any_io_executor executor,
                                                      PostgresConfig config);
    PostgresDriver(asio::any_io_executor executor, PostgresConfig config);
    ~PostgresDriver() override;
    PostgresDriver(const PostgresDriver&) = delete;
    PostgresDriver& operator=(const PostgresDriver&) = delete;

    [[nodiscard]] std::string name() const override { return "postgresql"; }

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
    [[nodiscard]] std::vector<std::filesystem::path> places() const override {
        return {data_folder(), wal_folder()};
    }
    [[nodiscard]] Command start_command() const override;
    [[nodiscard]] std::filesystem::path server_log() const override;
    [[nodiscard]] std::optional<ProcessId> running_server() const override;

    [[nodiscard]] Awaitable<Result<ServerReport>> observe(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> apply(Ticket ticket, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Position>> prove(std::string sync_name,
                                                    Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> hold_replay(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> release_replay(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<History>> promote(Deadline deadline, Loss loss) override;
    [[nodiscard]] Awaitable<Result<void>> keep_for(std::vector<Member> peers,
                                                   Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> stop(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> checkpoint(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<void>> drain(Milliseconds patience, Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<std::optional<Position>>> stopped_at(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<Heartbeat>> heartbeat(Deadline deadline) override;
    [[nodiscard]] Awaitable<Result<std::string>> acknowledge_held(Deadline deadline) override;
    void forget_server() override;

    /// What is wrong with the installed programs, with how they take the user's settings, and,
    /// if it runs, with the server. Changes nothing.
    [[nodiscard]] Awaitable<Findings> examine(Deadline deadline);

private:
    using Session = postgres::Session;
    using Timeline = postgres::Timeline;
    using Clock = std::chrono::steady_clock;

    /// What one kind of session is for; each runs one query at a time.
    struct Sessions {
        Session::Ptr control; // Commands; never waits for the standby.
        Session::Ptr watch;   // observe(), made anew each second.
        Session::Ptr pulse;   // The heartbeat's commits.
        Session::Ptr look;    // Whether the heartbeat waits for the standby.
        Session::Ptr probe;   // prove()'s commit.
        Session::Ptr hold;    // Holds replay for one second.
        Session::Ptr held;    // The hold before, until it is over.
        Session::Ptr flush;   // checkpoint()'s.
    };
    /// What makes the settings of a session.
    enum class Commits { unwaited, as_configured, waiting, replayed };

    // sessions.cpp
    [[nodiscard]] postgres::Settings local_connection(const std::string& database,
                                                      Commits commits) const;
    [[nodiscard]] Awaitable<Result<Session::Ptr>> kept(Session::Ptr Sessions::*which,
                                                       Commits commits, Deadline deadline);
    [[nodiscard]] Awaitable<Result<postgres::Rows>>
    command(std::string sql, std::vector<std::string> values, Deadline deadline);
    [[nodiscard]] Awaitable<Result<bool>> is_standby(Deadline deadline);

    // postgres_driver.cpp
    [[nodiscard]] std::filesystem::path wal_folder() const;
    [[nodiscard]] int major_version() const; // Of the data folder; 0: none.
    [[nodiscard]] Command tool(const std::string& name, std::vector<std::string> arguments) const;

    // folder.cpp
    [[nodiscard]] Awaitable<Result<postgres::ControlData>> read_control_data(Deadline deadline);
    [[nodiscard]] Awaitable<Result<postgres::ControlData>>
    control_data_of(std::filesystem::path folder, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> fill_folder(Command filler, OnProgress on_progress,
                                                      Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> prepare_folder(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> empty_folder(Deadline deadline);
    [[nodiscard]] Result<void> complete_folder();

    // write_ticket.cpp
    /// Returns whether anything changed that a reload has to bring into force.
    [[nodiscard]] Result<bool> write_files(const Ticket& ticket);
    [[nodiscard]] Result<bool> purge_auto_conf() const;
    [[nodiscard]] Result<void> include_ticket() const;
    [[nodiscard]] const postgres::Settings& expected_settings();

    // settings_watch.cpp
    struct SettingsReport {
        std::string lowered;
        std::string unfit;
        std::vector<std::string> not_in_force; // A sentence each.
    };
    [[nodiscard]] Awaitable<Result<SettingsReport>> look_at_settings(Session::Ptr session,
                                                                     Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> configuration_errors(Session::Ptr session,
                                                                      Deadline deadline);

    // apply.cpp
    [[nodiscard]] Awaitable<Result<void>> reload(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> bring_in_force(Session::Ptr session, bool changed,
                                                         Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> bring_rules_in_force(Session::Ptr session, Ticket ticket,
                                                               Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> ensure_role(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> wait_for_waiters(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> wait_for_stream(std::string name, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> settle(Ticket ticket, Deadline deadline);

    // door.cpp
    [[nodiscard]] Awaitable<Result<void>> check_rules(Session::Ptr session, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> send_clients_out(Deadline deadline);

    // observe.cpp
    [[nodiscard]] Awaitable<Result<Session::Ptr>> watch_session(Deadline deadline);
    void fill_primary(const postgres::Rows& rows, ServerReport& report) const;
    void fill_standby(const postgres::Rows& rows, ServerReport& report);
    [[nodiscard]] Timeline timeline_on_disk(std::uint64_t position,
                                            std::uint64_t segment_bytes) const;
    [[nodiscard]] History history_of(Timeline timeline) const;
    [[nodiscard]] Awaitable<void> look_closer(Session::Ptr session, Deadline deadline);

    // bypasses.cpp
    [[nodiscard]] Awaitable<Result<Findings>> shared_bypasses(Session::Ptr session,
                                                              Deadline deadline);
    [[nodiscard]] Awaitable<Result<Findings>> bypasses_in(std::string database, Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::vector<std::string>>> databases(Session::Ptr session,
                                                                        Deadline deadline);
    [[nodiscard]] Awaitable<void> look_for_bypasses(Session::Ptr session, Deadline deadline);

    // examine.cpp
    [[nodiscard]] Awaitable<Findings> examine_program(Deadline deadline);
    [[nodiscard]] Awaitable<Findings> examine_server(Deadline deadline);

    // prove.cpp
    [[nodiscard]] Awaitable<Result<void>> check_streaming(std::string sync_name, Deadline deadline);
    [[nodiscard]] Awaitable<Result<bool>> probe_waits(Deadline deadline);
    [[nodiscard]] Awaitable<Result<Position>> end_of_log(Deadline deadline);

    // hold_replay.cpp
    [[nodiscard]] Awaitable<Result<void>> end_hold(Session::Ptr Sessions::*which,
                                                   Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> resume_replay(Deadline deadline);

    // hand_over.cpp
    [[nodiscard]] std::string own_sessions() const;
    [[nodiscard]] Awaitable<Result<void>> shut_door(Deadline deadline);

    // heartbeat.cpp
    [[nodiscard]] Awaitable<Result<bool>> beat_waits(int server_pid, Deadline deadline);

    // promote.cpp
    [[nodiscard]] Awaitable<Result<void>> cut_upstream(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> trigger_promotion(Deadline deadline);
    [[nodiscard]] Awaitable<Result<History>> begin_history(Deadline deadline);

    // judge.cpp
    struct Upstream {
        std::string system_id;
        postgres::Descent descent;
        std::uint64_t position = 0;
    };
    [[nodiscard]] static Divergence judge_record(const Upstream& upstream,
                                                 const postgres::Descent& own, Timeline timeline,
                                                 std::uint64_t last);
    [[nodiscard]] Awaitable<Result<Session::Ptr>> judging_session(Member upstream,
                                                                  Deadline deadline);
    /// Whether the upstream still has this segment of the timeline's log.
    [[nodiscard]] Awaitable<Result<bool>> upstream_keeps(Member upstream, Timeline timeline,
                                                         std::uint64_t segment, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Upstream>> ask_upstream(Member upstream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<Divergence>>
    judge_log(Member member, Upstream upstream, postgres::ControlData control, Deadline deadline);
    /// Start of the last whole record on `timeline` from `from` on; empty: none.
    [[nodiscard]] Awaitable<Result<std::optional<std::uint64_t>>>
    last_record(Timeline timeline, std::uint64_t from, Deadline deadline);

    // rewind.cpp
    struct MapOrHindrance {
        std::vector<postgres::OverwrittenFile> files;
        std::string hindrance;
    };
    [[nodiscard]] Awaitable<Result<std::string>> make_clean(Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> recover_alone(Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> wait_for_checkpoint(Member upstream,
                                                                     Deadline deadline);
    [[nodiscard]] Command rewind_command(const Member& upstream,
                                         std::vector<std::string> arguments) const;
    [[nodiscard]] Awaitable<Result<MapOrHindrance>> map_rewind(Member upstream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::uint64_t>>
    keep_overwritten(std::vector<postgres::OverwrittenFile> files, std::filesystem::path to,
                     Deadline deadline);

    struct Remembered {
        std::string rules; // Of access, in force in the server; empty: not known.
        std::string last_receipt;
        Clock::time_point heard{};
        SettingsReport settings;
        bool settings_due = true;
        Clock::time_point bypasses_due{};
        std::vector<std::string> databases_to_visit;
        std::map<std::string, std::vector<std::string>> notes; // By database.
        Clock::time_point watch_opened{};
        Clock::time_point hold_began{};
    };

    asio::any_io_executor executor_;
    PostgresConfig config_;
    Sessions sessions_;
    std::optional<Ticket> ticket_; // The last one written.
    postgres::Settings expected_;  // The managed settings of that ticket.
    Remembered remembered_;
    Background background_; // For the copying and removing of many files.
};

} // namespace lockstep
