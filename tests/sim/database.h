#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/driver.h"
#include "tests/sim/disk.h"
#include "tests/sim/host.h"

/// PostgreSQL as field/redteam.md section 2 found it to behave, as far as the rules depend on it.
namespace lockstep::sim {

/// Which of the engine's promises are broken: for tests that show what would happen then.
struct EngineFlaws {
    bool acknowledges_before_flush = false; // A standby replies before it has flushed (R1).
    bool starts_without_sync_name = false;  // A primary comes up waiting for nobody (m-boot-solo).
    bool stays_in_segment = false;          // No switch of the segment after a promotion (F2).
    bool setting_counts = false;            // "It waits" is read from the setting (F3).
    bool relaxes_by_itself = false; // A primary stops waiting when its standby is silent (R3).
    bool judges_nothing = false;    // No data has ever diverged (F10).
};

class Database;

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
    virtual void acknowledged(const Database& by, std::uint32_t write, Micros begun_at) = 0;
    /// A client read it.
    virtual void seen(const Database& on, std::uint32_t write) = 0;
    /// It lets clients in and accepts writes from now on.
    virtual void came_up_writable(const Database& which, LetIn how) = 0;
    /// Its process is gone, or its log may be shorter than it was.
    virtual void went_down(const Database& which) = 0;
    virtual void log_replaced(const Database& which) = 0;
};

/// A stream to a standby, seen from the primary.
struct Sender {
    std::uint64_t id = 0;
    std::string peer; // Host
    pid_t peer_pid = 0;
    std::string name;         // application_name
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
};

/// A commit that waits for its own disk, then for the standby.
struct Waiter {
    std::optional<std::uint64_t> end; // Empty: it is not flushed here yet.
    std::uint32_t write = 0;
    Micros begun_at = 0;
    std::function<void(bool)> done;
};

/// A running server process.
struct Server {
    pid_t pid = 0;
    ServerState state = ServerState::starting;
    bool frozen = false;
    std::vector<std::function<void()>> held_back; // What would have happened while frozen.
    std::string setting;    // synchronous_standby_names, as it would be shown.
    std::string obeyed;     // Whom commits really wait for (F3, F20).
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

class Database : public ServerBox {
public:
    Database(Host& host, const EngineFlaws& flaws, Witness& witness);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] const std::string& name() const { return host_.name; }
    Disk disk;
    std::optional<Ticket> ticket; // Below /run: gone after a power cut.

    [[nodiscard]] std::optional<pid_t> pid() const override;
    pid_t launch() override;
    void kill(const std::string& how) override;
    void lose_ticket() override { ticket.reset(); }
    [[nodiscard]] bool folder_is_empty() const override { return !disk.exists; }
    [[nodiscard]] bool accepts() const override { return server_ != nullptr; }

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

    /// A client's commit, or the agent's own (write 0). `done` is called with whether it was
    /// acknowledged; a client of a server that dies hears false.
    void commit(std::uint32_t write, std::function<void(bool)> done);
    /// A client reads everything that is visible.
    void read();
    /// Appends a record of the server's own.
    void append(std::uint32_t write, std::uint64_t end);

    // What a driver's commands come down to.
    void configure_primary(const std::string& sync_name, Door door);
    void configure_standby(const std::optional<Member>& upstream, const std::string& stream_name);
    void cut_upstream();
    /// Ends recovery: a timeline of its own.
    void begin_timeline();
    /// A fast shutdown: clients get no answer, connected standbys get everything (F22).
    void shut_down();
    void shut_door();
    [[nodiscard]] bool has_clients_waiting() const;
    void switch_segment();
    [[nodiscard]] const Sender* sender_named(const std::string& sync_name) const;
    void replace_data(Disk made);
    /// A commit is not flushed here yet, for whatever reason.
    [[nodiscard]] bool waits_for_its_disk() const;

private:
    void later(Micros span, std::function<void()> what);
    void come_up();
    void obey(const std::string& name);
    void settle();
    void end_shutdown();
    void synced(std::uint64_t up_to);
    void connect_after(Micros span);
    void connect();
    void accept(Database& standby, std::uint64_t id);
    void pump(Sender& sender);
    void arrive(std::uint64_t sender, std::uint64_t flight, const std::vector<LogEntry>& entries);
    void send_again(Sender& to);
    void drop_silent_senders();
    void hang_up_on_peers(const Server& dead);
    void receive(std::uint64_t id, const std::vector<LogEntry>& entries, const Lineage& upstream);
    void reply();
    void reply_arrived(std::uint64_t sender, std::uint64_t flushed);
    void keep_alive();
    [[nodiscard]] Sender* sender(std::uint64_t id);
    [[nodiscard]] Micros flush_takes() const { return host_.write_takes(); }

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
    void add(Database& database) { databases_[database.name()] = &database; }
    [[nodiscard]] Database* at(const std::string& host);
    [[nodiscard]] std::uint64_t new_id() { return ++last_id_; }

private:
    std::map<std::string, Database*> databases_;
    std::uint64_t last_id_ = 0;
};

} // namespace lockstep::sim
