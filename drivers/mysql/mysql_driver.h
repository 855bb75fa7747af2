#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/finding.h"
#include "drivers/common/background.h"
#include "drivers/driver.h"
#include "drivers/mysql/config.h"
#include "drivers/mysql/copy_call.h"
#include "drivers/mysql/copy_words.h"
#include "drivers/mysql/data_note.h"
#include "drivers/mysql/descent.h"
#include "drivers/mysql/donor.h"
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
/// effect since the server's start. What neither it nor its note remembers it looks at anew.
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
    [[nodiscard]] Awaitable<Result<void>> check_copyable(Member upstream,
                                                         Deadline deadline) override;
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
    friend class MysqlSnapshots; // The same server, seen and run alone in the same ways.
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

    /// What the server says of itself when asked for everything at once.
    struct Look {
        bool standby = true;
        std::string version;
        std::string writer;    // As in a reign.
        mysql::GtidSet logged; // Committed here, and in the binary log.
        mysql::GtidSet held;   // That, and what was received and not replayed yet.
        Rows stream;           // None or one row.
        mysql::Descent descent;
        mysql::Place place;
    };

    // sessions.cpp
    [[nodiscard]] mysql::Connection local_connection() const;
    /// As `ls_<this member>_peer`.
    [[nodiscard]] mysql::Connection peer_connection(const Member& upstream) const;
    [[nodiscard]] Awaitable<Result<Session::Ptr>> kept(Session::Ptr Sessions::*which,
                                                       Deadline deadline);
    /// On the control session, which writes nothing to the binary log.
    [[nodiscard]] Awaitable<Result<Rows>> command(std::string sql, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> commands(std::vector<std::string> sql, Deadline deadline);
    [[nodiscard]] Awaitable<Result<bool>> is_standby(Deadline deadline);
    [[nodiscard]] std::vector<std::uint64_t> own_sessions() const;
    [[nodiscard]] const mysql::Words& word() const { return mysql::words(config_.flavour); }
    [[nodiscard]] bool is_mysql() const { return config_.flavour == mysql::Flavour::mysql; }

    // look.cpp
    [[nodiscard]] Awaitable<Result<Look>> look(Session::Ptr session, Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::Descent>> read_descent(Session::Ptr session,
                                                                 Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> read_system_id(Session::Ptr session,
                                                                Deadline deadline);
    [[nodiscard]] Awaitable<Result<Rows>> show_stream(Session::Ptr session, Deadline deadline);

    // observe.cpp
    [[nodiscard]] Awaitable<Result<Session::Ptr>> watch_session(Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> count_heartbeats(Session::Ptr session,
                                                                  Deadline deadline);
    void note_received(const Look& seen);
    void fill_standby(const Look& seen, const std::string& heartbeats, bool handed_over,
                      ServerReport& report);
    [[nodiscard]] Awaitable<Result<void>> fill_primary(Session::Ptr session, const Look& seen,
                                                       ServerReport& report, Deadline deadline);
    [[nodiscard]] Awaitable<void> look_closer(Session::Ptr session, bool standby,
                                              Deadline deadline);

    // stream_start.cpp
    /// To what the promise of this standby belongs.
    [[nodiscard]] Awaitable<std::string> start_of_stream(Session::Ptr session, Deadline deadline);
    /// The applier that runs now took over without a loss from the one before.
    [[nodiscard]] Awaitable<Result<void>> carry_start_over(Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> applier_thread(Session::Ptr session,
                                                                Deadline deadline);

    // settings_watch.cpp
    struct SettingsReport {
        std::string lowered;
        std::string unfit;
        std::vector<std::string> repairs; // Statements that bring managed settings back.
    };
    [[nodiscard]] Awaitable<Result<SettingsReport>>
    look_at_settings(Session::Ptr session, bool standby, Deadline deadline);

    // examine.cpp
    [[nodiscard]] Awaitable<Findings> examine_program(Deadline deadline);
    /// Without mariadb-backup a rebuild works, but slower.
    void look_for_copier(Findings& out) const;
    [[nodiscard]] Awaitable<Findings> examine_server(Deadline deadline);
    [[nodiscard]] Awaitable<Findings> examine_settings(Session::Ptr session, Deadline deadline);
    [[nodiscard]] Awaitable<Findings> examine_plugins(Session::Ptr session, Deadline deadline);

    // bypasses.cpp
    [[nodiscard]] Awaitable<Result<Findings>> find_bypasses(Session::Ptr session,
                                                            Deadline deadline);
    [[nodiscard]] Awaitable<void> look_for_bypasses(Session::Ptr session, Deadline deadline);

    // apply.cpp
    [[nodiscard]] Awaitable<Result<void>> apply_primary(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> let_commits_go(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> relax(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> wait_for_waiters(Deadline deadline);
    /// A database that was just made has no reign yet.
    [[nodiscard]] Awaitable<Result<void>> ensure_reign(Deadline deadline);

    // tighten.cpp
    [[nodiscard]] Awaitable<Result<void>> tighten(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> end_streams(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> see_a_commit_wait(Deadline deadline);
    [[nodiscard]] Awaitable<Result<bool>> waits(std::vector<std::uint64_t> sessions,
                                                Deadline deadline);
    [[nodiscard]] bool effect_seen(const std::string& sync_name) const;

    // effect_note.cpp
    /// What rises whenever commits need not wait, since a start of the count that is told, too.
    struct WaitCounts {
        std::uint64_t switched_off = 0;
        std::uint64_t not_waited_for = 0;
        std::uint64_t uptime_s = 0;
        std::uint64_t counted_for_s = 0;
        /// The server's second at which it began to count.
        [[nodiscard]] std::uint64_t since_s() const { return uptime_s - counted_for_s; }
    };
    [[nodiscard]] Awaitable<Result<WaitCounts>> count_waits(Deadline deadline);
    [[nodiscard]] std::string effect_head(const std::string& sync_name) const;
    [[nodiscard]] Result<void> note_effect(const std::string& sync_name, const WaitCounts& counts);
    [[nodiscard]] Result<void> forget_effect(const std::string& next = {});
    [[nodiscard]] Awaitable<Result<void>> recall_effect(std::string sync_name, Deadline deadline);

    // accounts.cpp
    [[nodiscard]] Awaitable<Result<std::vector<std::string>>> accounts(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> drop_accounts(std::vector<std::string> names,
                                                        Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> make_account(std::string name, MemberId member,
                                                       Deadline deadline);
    /// Those that this ticket's peers need, and none that they don't.
    [[nodiscard]] Awaitable<Result<void>> settle_accounts(Ticket ticket, Deadline deadline);

    // follow.cpp
    [[nodiscard]] Awaitable<Result<void>> follow(Ticket ticket, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> point_at(Ticket ticket, Rows stream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> point_at_mariadb(Ticket ticket, Rows stream,
                                                           Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> start_receiving(Rows stream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> knock_until_let_in(Deadline deadline);
    [[nodiscard]] std::string change_upstream(const Ticket& ticket) const;
    [[nodiscard]] Awaitable<Result<void>> until_replayed(Deadline deadline);

    // acknowledge_held.cpp
    [[nodiscard]] bool receives_nothing() const;
    [[nodiscard]] bool may_acknowledge(const std::string& account) const;
    [[nodiscard]] Awaitable<Result<std::string>> tell_held(std::string account, std::string applied,
                                                           Deadline deadline);

    // clients.cpp
    [[nodiscard]] Awaitable<Result<void>> set_door(Door door, Deadline deadline);
    /// How a session is ended. Its client hears nothing more either way.
    enum class Kill {
        soft, // A commit that waits for the standby goes on waiting.
        hard, // MariaDB commits what waits, and counts it as not waited for.
    };
    enum class End { all, those_between_two, those_that_do_not_wait };
    struct Clients {
        std::size_t inside = 0;  // Not told to leave before.
        std::size_t ended = 0;   // Told to, and not gone yet.
        std::size_t waiting = 0; // Of both: for the standby.
    };
    /// Ends the sessions of clients that `which` names, and returns who was there.
    [[nodiscard]] Awaitable<Result<Clients>> end_clients(End which, Kill how, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> send_clients_out(Kill how, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> until_drained(Milliseconds patience, Deadline deadline);
    /// MySQL's offline_mode ends everybody's session at once, so a gentler bar comes before it.
    [[nodiscard]] Awaitable<Result<void>> bar_new_clients(Deadline deadline);

    // stop_mysql.cpp
    [[nodiscard]] Awaitable<Result<void>> stop_mysql(Deadline deadline);
    [[nodiscard]] Awaitable<void> let_beat_end(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> end_feeding(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> leave_server(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> silence_events(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> halt(Deadline deadline);

    // received.cpp
    [[nodiscard]] Awaitable<Result<void>> flush_received();
    /// "relay.000002, relay.000003"; empty: all that are listed are there.
    [[nodiscard]] std::string missing_relay_logs() const;
    [[nodiscard]] Awaitable<Result<bool>> relay_logs_are_lost(Rows stream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> give_up_relay_logs(Rows stream, std::string next,
                                                             Deadline deadline);
    /// Whether they were given up. `next`: as whose account all is received again then.
    [[nodiscard]] Awaitable<Result<bool>> give_up_lost(Rows stream, std::string next,
                                                       Deadline deadline);

    // prove.cpp
    [[nodiscard]] Awaitable<Result<void>> until_streaming(std::string sync_name, Deadline deadline);

    // promote.cpp
    [[nodiscard]] static bool has_begun_reign(const Look& seen);
    [[nodiscard]] Result<void> check_received(const Look& seen) const;
    [[nodiscard]] Result<void> forget_received_as(const std::string& account) const;
    [[nodiscard]] Awaitable<Result<void>> end_applier(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> take_over(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> begin_reign(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> open_for_writes(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> enable_events(Deadline deadline);

    // heartbeat.cpp
    /// Whether one was begun: on a primary.
    [[nodiscard]] Awaitable<Result<bool>> begin_beat(Session::Ptr pulse, Deadline deadline);
    void note_acknowledged();
    [[nodiscard]] Awaitable<void> nudge(Deadline deadline);
    [[nodiscard]] Awaitable<std::string> state_of(std::uint64_t session, Deadline deadline);

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
    [[nodiscard]] Awaitable<Result<std::uint64_t>>
    ask_donor(Member upstream, std::string own_version, Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::DataNote>>
    place_copy(Session::Ptr session, std::string position, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> load_dump(Session::Ptr session, Member upstream,
                                                    mysql::Alone alone, OnProgress on_progress,
                                                    std::shared_ptr<mysql::DataNote> note,
                                                    Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::DataNote>> copy_by_dump(Member upstream,
                                                                  std::filesystem::path into,
                                                                  OnProgress on_progress,
                                                                  Deadline deadline);

    [[nodiscard]] Awaitable<Result<mysql::DataNote>> copy_mariadb(Member upstream,
                                                                  std::filesystem::path into,
                                                                  OnProgress on_progress,
                                                                  Deadline deadline);

    // copy_files.cpp
    /// The donor's answer, and what it comes by.
    struct FileCopy {
        std::unique_ptr<mysql::CopyCall> call;
        Session::Ptr asking; // Holds the lock by which the donor is asked.
        std::shared_ptr<FrameStream> stream;
        mysql::CopyOffer offer;
        std::string hindrance; // Why the donor sends no files; empty: it does.
    };
    using FileCopyPtr = std::shared_ptr<FileCopy>;
    [[nodiscard]] mysql::CopyFacts copy_facts() const;
    [[nodiscard]] TlsFiles tls_files() const;
    [[nodiscard]] Awaitable<Result<FileCopyPtr>> ask_for_files(Member upstream, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> check_offer(mysql::CopyOffer offer, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> unpack(FileCopyPtr copy, std::filesystem::path into,
                                                 OnProgress on_progress, Deadline deadline);
    [[nodiscard]] Awaitable<Result<std::string>> recover_files(std::filesystem::path into,
                                                               Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> place_files(Session::Ptr session, std::string position,
                                                      std::shared_ptr<mysql::DataNote> note,
                                                      Deadline deadline);
    [[nodiscard]] Awaitable<Result<mysql::DataNote>> copy_by_files(FileCopyPtr copy,
                                                                   std::filesystem::path into,
                                                                   OnProgress on_progress,
                                                                   Deadline deadline);

    // give_files.cpp
    /// Each second: begins what a peer asks for, and ends what nobody may have any more.
    [[nodiscard]] Awaitable<void> look_for_copies(Session::Ptr session, Deadline deadline);
    [[nodiscard]] Awaitable<bool> asks_for_copy(Session::Ptr session, MemberId peer,
                                                Deadline deadline);
    [[nodiscard]] mysql::CopyOrder copy_order(const Member& to) const;
    void end_copies();

    // clone_mysql.cpp
    [[nodiscard]] Awaitable<void> tell_clone(Session::Ptr look, OnProgress on_progress,
                                             Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> clone_by_statement(Session::Ptr session, Member upstream,
                                                             mysql::Alone alone,
                                                             OnProgress on_progress,
                                                             Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> look_at_clone(Session::Ptr session,
                                                        std::shared_ptr<mysql::DataNote> note,
                                                        OnProgress on_progress, Deadline deadline);
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

    // stopped_at.cpp
    void note_history(const History& history);

    // rewind.cpp
    [[nodiscard]] Awaitable<Result<void>> cut_tail(mysql::OwnLog log, mysql::GtidSet alone);
    [[nodiscard]] Awaitable<Result<void>> recover_alone(mysql::Upstream told, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> check_recovered(Session::Ptr session,
                                                          mysql::Upstream told, Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> check_log(mysql::Upstream told);

    // ---- end of disk ----------------------------------------------------------------------

    struct Remembered {
        Clock::time_point watch_opened{};
        /// The effect: a commit of the driver's own was seen to wait while no account could
        /// stream, and after that this account was made. Of the server that runs.
        std::string effect_of;
        std::uint64_t not_waited_for = 0; // The server's count of them at that time.
        std::string lowered_of;           // Whose effect did not last, before this agent came.
        bool wait_settles = false;        // apply() is about to switch it on or off.
        mysql::Descent descent;           // As last seen.
        History noted;                    // What the data's note says.
        std::string beat_after;           // What was in the log before the beat that runs.
        std::string beat_for;             // The effect under which that beat was begun.
        Position acknowledged;
        /// MySQL: sessions that were ended while their commits wait. They wait on, and nobody hears
        /// what becomes of it.
        std::set<std::uint64_t> cut_off;
        std::string dirty_pages_limit;       // Before a checkpoint took it away.
        bool standby_streams = false;        // Under the name of the effect, as last seen.
        bool stops = false;                  // It was told to: no session is opened.
        bool drained = false;                // And the door was not opened since.
        bool applier_is_handed_over = false; // It is stopped and started, and nothing is lost.
        struct Received {
            std::string as;   // The account of the stream that stands; empty: none does.
            std::string what; // Up to where.
            Clock::time_point since{};
        } received;                        // By the stream, as observe() last saw it.
        Clock::time_point told_held{};     // When it last spoke to the upstream.
        std::optional<Error> held_trouble; // Why that did not succeed.
        bool takes_over = false;           // Its promotion has begun.
        std::string last_receipt;
        Clock::time_point heard{};
        SettingsReport settings;
        Clock::time_point settings_due{};
        Clock::time_point bypasses_due{};
        Clock::time_point copies_due{};
        std::set<std::uint64_t> copies_begun; // For which sessions of peers.
        std::vector<std::string> notes;
    };

    asio::any_io_executor executor_;
    MysqlConfig config_;
    Sessions sessions_;
    std::optional<Ticket> ticket_; // The last one written.
    /// Whether the server that ran last was ended without a stop of its own (halt()).
    enum class Halt { none, asked, done } halt_ = Halt::none;
    Remembered remembered_;
    std::vector<std::shared_ptr<mysql::Donor>> donors_;
    Background background_; // For the copying and removing of many files.
    Background speaking_;   // With the upstream, in acknowledge_held().
};

} // namespace lockstep
