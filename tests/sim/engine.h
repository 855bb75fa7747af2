#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/record.h"
#include "drivers/driver.h"
#include "tests/sim/disk.h"
#include "tests/sim/host.h"

/// A database server of one engine, as far as the rules depend on how it behaves. What all engines
/// have in common is here; each folder beside this file has what one of them does its own way.
namespace lockstep::sim {

/// Which of the engine's promises are broken: for tests that show what would happen then.
struct EngineFlaws {
    bool acknowledges_before_flush = false; // A standby replies before it has flushed (R1).
    bool setting_counts = false;            // "It waits" is read from the setting (F3).
    bool relaxes_by_itself = false; // A primary stops waiting when its standby is silent (R3).
    bool judges_nothing = false;    // No data has ever diverged (F10).
    // Of PostgreSQL
    bool starts_without_sync_name = false; // A primary comes up waiting for nobody (m-boot-solo).
    bool stays_in_segment = false;         // No switch of the segment after a promotion (F2).
    // Of semi-synchronous replication
    bool promises_outlive_restarts = false; // A standby's start is not told (F4).
    bool promotes_what_it_forgot = false;   // Nobody asks whether received logs were thrown away.
    bool anybody_may_stream = false;        // Whoever was let in once goes on acknowledging (F7).
};

class EngineModel;

/// How a server came to let clients in.
enum class LetIn {
    at_once,      // When it came up as primary, or was promoted.
    past_the_door // Its standby's stream had proved that nobody else was promoted (R5, R9).
};

/// Who watches what databases do: the ledger of the history.
class Witness {
public:
    virtual ~Witness() = default;
    /// The server told a client that this write is committed. `begun_at`: when it was appended.
    virtual void acknowledged(const EngineModel& by, std::uint32_t write, Micros begun_at) = 0;
    /// A client read it.
    virtual void seen(const EngineModel& on, std::uint32_t write) = 0;
    /// It lets clients in and accepts writes from now on.
    virtual void came_up_writable(const EngineModel& which, LetIn how) = 0;
    /// Its process is gone, or its log may be shorter than it was.
    virtual void went_down(const EngineModel& which) = 0;
    virtual void log_replaced(const EngineModel& which) = 0;
};

/// A stream to a standby, seen from the primary.
struct Sender {
    std::uint64_t id = 0;
    std::string peer; // Host
    pid_t peer_pid = 0;
    std::string name;         // PostgreSQL: application_name. Semi-synchronous: the account.
    std::size_t next = 0;     // The first entry that was not sent.
    std::size_t arrived = 0;  // The first one that did not arrive.
    std::uint64_t flight = 0; // Rises when what is under way is given up, to be sent again.
    std::optional<Micros> stuck_since;
    bool poisoned = false;     // Its standby has left this history and only repeats where it is.
    std::uint64_t flushed = 0; // As it said last: a number without a history (F2).
    Micros heard_at = 0;
    Micros last_arrival = 0; // A stream keeps its order.
};

/// A stream from the primary, seen from the standby.
struct Receiver {
    std::uint64_t id = 0;
    std::string peer;
    std::string name;
    Micros heard_at = 0;
    std::uint64_t has = 0; // Up to where it has the upstream's log (semi-synchronous).
};

/// A commit that waits for its own disk, then for the standby.
struct Waiter {
    std::uint64_t end = 0;
    bool flushed = false; // Here.
    std::uint32_t write = 0;
    Micros begun_at = 0;
    std::function<void(bool)> done; // Empty: its client is gone, and hears nothing.
};

/// A running server process.
struct Server {
    pid_t pid = 0;
    ServerState state = ServerState::starting;
    bool frozen = false;
    std::vector<std::function<void()>> held_back; // What would have happened while frozen.
    std::string setting;                          // For whom commits wait, as it would be shown.
    std::string obeyed;                           // Whom commits really wait for (F3, F20).
    std::uint64_t mark = 0; // Released up to here; never falls while the process lives (F2).
    std::vector<Waiter> waiting;
    std::vector<Sender> senders;
    std::optional<Receiver> receiver;
    std::optional<Member> upstream;
    std::string stream_name;
    Door door = Door::open;
    bool stopping = false;
    std::size_t read_from = 0; // What was seen by clients up to here needs no second look.
    bool connects = false;     // A try is under way.
};

class EngineModel : public ServerBox {
public:
    EngineModel(Host& host, const EngineFlaws& flaws, Witness& witness);
    EngineModel(const EngineModel&) = delete;
    EngineModel& operator=(const EngineModel&) = delete;

    [[nodiscard]] const std::string& name() const { return host_.name; }
    /// What it is called in a record.
    [[nodiscard]] virtual std::string engine() const = 0;
    /// The driver's contract over this database.
    [[nodiscard]] virtual std::unique_ptr<Driver> make_driver(std::filesystem::path folder) = 0;

    bool hinders_rewinds =
        true; // Some, by chance: there is no telling what an operator did to logs.
    Disk disk;
    std::optional<Ticket> ticket; // Below /run: gone after a power cut.

    // As the platform knows it
    [[nodiscard]] std::optional<pid_t> pid() const override;
    pid_t launch() override;
    void kill(const std::string& how) override;
    void lose_ticket() override { ticket.reset(); }
    [[nodiscard]] bool folder_is_empty() const override { return !disk.exists; }
    [[nodiscard]] bool accepts() const override { return server_ != nullptr; }

    // As the history knows it
    [[nodiscard]] bool runs() const { return server_ != nullptr; }
    [[nodiscard]] bool is_frozen() const { return server_ && server_->frozen; }
    [[nodiscard]] bool is_primary() const {
        return server_ && server_->state == ServerState::primary;
    }
    [[nodiscard]] const Server& server() const { return *server_; }
    void freeze();
    void thaw();
    /// The host loses power: what was not synced is gone, and so is the ticket.
    void lose_power();
    /// Whether a restart after a power cut would still have this client's write.
    [[nodiscard]] virtual bool holds(std::uint32_t write) const { return disk.holds(write); }
    /// Whether what it was promised on still counts (PostgreSQL's promises outlive restarts).
    [[nodiscard]] virtual bool is_bound_by(const Promise&) const { return true; }
    /// It streams, on that one's history.
    [[nodiscard]] virtual bool follows(const EngineModel& upstream) const = 0;

    /// A client's commit, or the agent's own (write 0). `done` is called with whether it was
    /// acknowledged; a client of a server that dies hears false.
    void commit(std::uint32_t write, std::function<void(bool)> done);
    /// A client reads everything that is visible.
    void read();

    // What a driver's commands come down to
    void cut_upstream();
    /// A clean stop.
    void shut_down();
    void shut_door() { server_->door = Door::shut; }
    [[nodiscard]] bool has_clients_waiting() const;
    /// A commit is not flushed here yet, for whatever reason.
    [[nodiscard]] bool waits_for_its_disk() const;
    [[nodiscard]] const Sender* sender_named(const std::string& name) const;
    /// Where the log ends that a clean stop closed.
    [[nodiscard]] virtual Position stopped_position() const = 0;
    /// The data folder holds nothing any more.
    virtual void discard_data() = 0;

protected:
    /// A server begins to run on this data, under this ticket.
    virtual void recover() = 0;
    /// It is up: as a standby, or as a primary.
    virtual void came_up() = 0;
    virtual void process_ended() {}
    virtual void power_lost() {}
    /// The record that commits this write. `Named` and end are the engine's.
    [[nodiscard]] virtual LogEntry next_entry(std::uint32_t write) = 0;
    /// The stream that lets commits go; null: none.
    [[nodiscard]] virtual const Sender* acknowledging() const = 0;
    /// Some commits were let go.
    virtual void settled() {}
    /// What becomes of commits that wait when the server is told to stop.
    virtual void answer_before_stop();
    /// The last record before a clean end; whether the end may come.
    virtual void write_last_record() {}
    [[nodiscard]] virtual bool may_end() const { return true; }
    /// Whether that standby may stream from here, and from where. False: it is turned away.
    [[nodiscard]] virtual bool admit(EngineModel& standby, Sender& made) = 0;
    /// What those entries of its log will do at a standby that is still on the stream then.
    using Delivery = std::function<void(EngineModel& standby)>;
    [[nodiscard]] virtual Delivery deliver(const std::vector<LogEntry>& entries) const = 0;
    /// How far it says that it has flushed.
    [[nodiscard]] virtual std::uint64_t said() const = 0;

    void later(Micros span, std::function<void()> what);
    void append(std::uint32_t write);
    void append(LogEntry entry) { disk.append(std::move(entry)); }
    void synced(std::uint64_t up_to);
    void settle();
    void obey(const std::string& name);
    void let_clients_in(LetIn how) { witness_.came_up_writable(*this, how); }
    void connect_after(Micros span);
    /// Of a standby, and of a primary, once a second.
    void keep_alive();
    void drop_silent_senders();
    void end_senders();
    void reply();
    [[nodiscard]] Micros flush_takes() const { return host_.write_takes(); }
    [[nodiscard]] const EngineFlaws& flaws() const { return flaws_; }
    [[nodiscard]] Server* running() const { return server_.get(); }
    [[nodiscard]] static Server* running(EngineModel& other) { return other.server_.get(); }
    void log_was_replaced() { witness_.log_replaced(*this); }

private:
    void come_up();
    void end_shutdown();
    void connect();
    void accept(EngineModel& standby, std::uint64_t id);
    void pump(Sender& sender);
    void arrive(std::uint64_t sender, std::uint64_t flight, const std::vector<LogEntry>& entries);
    void send_again(Sender& to);
    void hang_up_on_peers(const Server& dead);
    void hang_up_on_standby(const Sender& gone);
    void reply_arrived(std::uint64_t sender, std::uint64_t flushed);
    [[nodiscard]] Sender* sender(std::uint64_t id);

    Host& host_;
    const EngineFlaws& flaws_;
    Witness& witness_;
    std::unique_ptr<Server> server_;
};

/// All databases of the history, by host.
class Databases {
public:
    void become_current();
    [[nodiscard]] static Databases& current();
    void add(EngineModel& database) { databases_[database.name()] = &database; }
    [[nodiscard]] EngineModel* at(const std::string& host);
    [[nodiscard]] std::uint64_t new_id() { return ++last_id_; }

private:
    std::map<std::string, EngineModel*> databases_;
    std::uint64_t last_id_ = 0;
};

} // namespace lockstep::sim
