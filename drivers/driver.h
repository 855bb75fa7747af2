#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/door.h"
#include "core/kept_divergence.h"
#include "core/observation.h"
#include "core/position.h"
#include "core/record.h"
#include "platform/asio.h"
#include "platform/deadline.h"
#include "platform/process.h"

namespace lockstep {

/// What lies in the data folder, read without any server.
struct DataFolder {
    enum class Kind { absent, empty, database, other } kind = Kind::absent;
    std::string system_id; // Which database it is a copy of.
    bool clean_shutdown = false;
    bool standby = false; // It would start as a standby.
    History history;      // As far as it is known from disk.
    std::string what;     // For an operator: "PostgreSQL 15 data, shut down in recovery".
};

/// How a server shall run: the whole of what the ticket says (DECISIONS.md 1).
struct Ticket {
    bool primary = false;
    std::string sync_name;          // Primary: commits wait for this name; empty: for nobody.
    std::string stream_name;        // Standby: streams under this name.
    std::optional<Member> upstream; // Standby: whom it follows; empty: nobody (it only replays).
    std::vector<Member> peers;      // Who may replicate from here.
    Door door = Door::open;         // Shut: only the agent and the peers' streams get in.
    friend bool operator==(const Ticket&, const Ticket&) = default;
};

/// What the running server says of itself.
struct ServerReport {
    ServerState state = ServerState::starting; // starting, primary or standby
    std::string version;
    std::string system_id;
    std::string start; // To what a standby's promise belongs (core/record.h): what it keeps of what
                       // it received, it keeps for this start. Empty: for every start.
    Position position;
    Unit unit = Unit::bytes;            // Of positions and of `unreplayed_bytes`.
    Stream stream;                      // Standby. `clean_for` is left to the caller.
    Acknowledgements acknowledgements;  // Primary. `silent` and `disk_proved` left to the caller.
    Position acknowledged;              // Primary: flushed by the stream under its sync name.
    std::uint64_t unreplayed_bytes = 0; // As in Observation.
    std::string lowered;                // R13
    std::string unfit;                  // F5: why it cannot be in sync.
    std::vector<std::string> rpo_notes; // F6
};

/// Whether a stopped member's data holds anything that the upstream's history lacks.
struct Divergence {
    bool diverged = false;
    std::string fork; // Last common place, for people and for R8: "0/5000060 on timeline 1".
    std::uint64_t fork_offset_bytes = 0;
    std::string why;            // The judgement in words.
    bool same_timeline = false; // Own current timeline is the upstream's.
};

/// Whether diverged data can come back to its upstream's history without a copy of all of it.
struct RewindPlan {
    std::string hindrance;        // Why it cannot; empty: it can.
    std::uint64_t kept_bytes = 0; // R8: what the rewind will overwrite was kept.
};

struct Progress {
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0; // 0: not known
    std::string how{};             // By what it is copied, and why so, for people; may be empty.
};
using OnProgress = std::function<void(Progress)>;

/// What a heartbeat commit met.
enum class Heartbeat {
    committed,
    waiting_for_standby, // Evidence about the standby, never a stall.
    not_primary,
};

/// Of acknowledged commits that a server knows it may not have.
enum class Loss {
    refused,
    accepted, // By an operator: what may hold them is kept aside, as far as there is any.
};

/// One database server, seen and commanded by the agent beside it.
///
/// A driver knows one engine's SQL and tools. It decides nothing. Every command may be repeated,
/// and returns only once the server is in the state asked for. Used on one strand; `heartbeat`
/// and `observe` may run while a command runs. Nothing here blocks the strand but reads and
/// writes of small files.
class Driver {
public:
    virtual ~Driver() = default;

    [[nodiscard]] virtual std::string name() const = 0; // "postgresql"

    // Without a server ---------------------------------------------------------------------

    /// Errors: `refused` if it cannot be read.
    [[nodiscard]] virtual Awaitable<Result<DataFolder>> inspect(Deadline deadline) = 0;
    /// Makes a new database in an absent or empty data folder. What is half made is removed when
    /// it fails. Errors: `refused` (folder not empty, tool missing: names the path).
    [[nodiscard]] virtual Awaitable<Result<void>> initialise(Deadline deadline) = 0;
    /// Whether a copy of `upstream`'s data would have all of it: asked before a member's own data
    /// is given up for one. Errors: `refused`, saying what it would lack; whatever asking met.
    [[nodiscard]] virtual Awaitable<Result<void>> check_copyable(Member /*upstream*/,
                                                                 Deadline /*deadline*/) {
        co_return Result<void>{};
    }
    /// Fills an absent or empty data folder with a copy of `upstream`'s, ready to start as its
    /// standby. Never empties a folder itself.
    [[nodiscard]] virtual Awaitable<Result<void>> clone(Member upstream, OnProgress on_progress,
                                                        Deadline deadline) = 0;
    /// Judges by the data on disk and the upstream's own history, starting nothing (F10). Errors:
    /// `refused` if the upstream is another database (names both system ids), `unreachable`.
    [[nodiscard]] virtual Awaitable<Result<Divergence>> judge(Member upstream,
                                                              Deadline deadline) = 0;
    /// R8: copies the log from the last common place on, and what is needed to read it, into the
    /// new folder `to`, fsynced. Errors: `refused` if there is not enough room: says how much is
    /// needed and free, and nothing is left in `to`.
    [[nodiscard]] virtual Awaitable<Result<std::uint64_t>>
    preserve(Divergence from, std::filesystem::path to, Deadline deadline) = 0;
    /// After R8's copy in the folder `kept`: runs the engine's own recovery, in which it cannot
    /// serve, and copies there what a rewind to `upstream` would overwrite. Nothing is lost by it;
    /// it may be cancelled and repeated. Errors: `unreachable`, `timeout`, `refused` if there is
    /// not enough room: all to be tried again.
    [[nodiscard]] virtual Awaitable<Result<RewindPlan>>
    prepare_rewind(Member upstream, std::filesystem::path kept, Deadline deadline) = 0;
    /// Turns prepared data into a standby's on `upstream`'s history, ready to be started. Until it
    /// has returned without an error the folder is worth nothing, and inspect() says so.
    [[nodiscard]] virtual Awaitable<Result<void>> rewind(Member upstream, OnProgress on_progress,
                                                         Deadline deadline) = 0;
    /// Decodes the log that preserve() kept in the folder `kept`, from the fork on, and writes all
    /// of it beside the copy, for people.
    [[nodiscard]] virtual Awaitable<Result<DecodedLog>>
    decode(std::filesystem::path kept, std::uint64_t fork_offset_bytes, Deadline deadline) = 0;
    /// Empties the data folder after R8's copy (the folder itself stays).
    [[nodiscard]] virtual Awaitable<Result<void>> discard(Deadline deadline) = 0;
    /// Proved from disk: no promotion of this data has begun since it was a standby (F23).
    [[nodiscard]] virtual Awaitable<Result<bool>> never_promoted(Deadline deadline) = 0;

    // The ticket ----------------------------------------------------------------------------

    /// Writes the ticket and everything that must agree with it on disk, for the next start.
    [[nodiscard]] virtual Result<void> write_ticket(const Ticket& ticket) = 0;
    /// Without it the server does not start.
    [[nodiscard]] virtual Result<void> remove_ticket() = 0;
    /// Where the ticket lies, for whoever removes it without a driver.
    [[nodiscard]] virtual std::filesystem::path ticket_path() const = 0;
    /// The door of the ticket that was written last, by whichever agent; shut if there is none.
    [[nodiscard]] virtual Door door() const = 0;
    /// The data folder and how to start the server in it.
    [[nodiscard]] virtual const std::filesystem::path& data_folder() const = 0;
    /// The folders that must have room: of the data first, of the log last.
    [[nodiscard]] virtual std::vector<std::filesystem::path> places() const {
        return {data_folder()};
    }
    [[nodiscard]] virtual Command start_command() const = 0;
    [[nodiscard]] virtual std::filesystem::path server_log() const = 0;
    /// A server that runs on this data folder, by its lock file, whoever started it.
    [[nodiscard]] virtual std::optional<ProcessId> running_server() const = 0;

    // With a server -------------------------------------------------------------------------

    /// A server that is down or does not answer is `unreachable` or `timeout`.
    [[nodiscard]] virtual Awaitable<Result<ServerReport>> observe(Deadline deadline) = 0;
    /// Makes the running server obey `ticket` (follow, tighten, relax): written, reloaded, seen in
    /// force from the ticket's file. Returns for a relaxed primary only when no waiter is left
    /// waiting (R3), and behind a shut door only when no client is left inside. Does not change the
    /// role.
    [[nodiscard]] virtual Awaitable<Result<void>> apply(Ticket ticket, Deadline deadline) = 0;
    /// R4.2 and R4.3 on a primary: sees the engine hold a commit for `sync_name`, which must be
    /// streaming, then takes the end of the log. Errors: `timeout` if it was not seen to hold.
    [[nodiscard]] virtual Awaitable<Result<Position>> prove(std::string sync_name,
                                                            Deadline deadline) = 0;
    /// On a standby: holds replay, for at most one second unless called again.
    [[nodiscard]] virtual Awaitable<Result<void>> hold_replay(Deadline deadline) = 0;
    [[nodiscard]] virtual Awaitable<Result<void>> release_replay(Deadline deadline) = 0;
    /// Makes a standby accept writes, once it has applied all that it received (R2), in the order
    /// of DESIGN.md 7; returns the new history, in which the old one can't write any more. On a
    /// server that is primary already it only finishes what is left to do. Errors: `refused` if it
    /// threw away what it had received and not applied, unless that loss is accepted.
    [[nodiscard]] virtual Awaitable<Result<History>> promote(Deadline deadline,
                                                             Loss loss = Loss::refused) = 0;
    /// Keeps what peers need (slots) and drops what they don't, bounded.
    [[nodiscard]] virtual Awaitable<Result<void>> keep_for(std::vector<Member> peers,
                                                           Deadline deadline) = 0;
    /// Asks for a clean stop; the caller watches the process and fences what is left.
    [[nodiscard]] virtual Awaitable<Result<void>> stop(Deadline deadline) = 0;
    /// Writes to disk what would make a stop long. One at a time: while one runs, later calls wait
    /// for the same one, and `timeout` leaves it running.
    [[nodiscard]] virtual Awaitable<Result<void>> checkpoint(Deadline deadline) = 0;
    /// On a primary: shuts the door, and ends every client's session, each between two transactions
    /// or, once `patience` is over, wherever it is, but none whose commit waits for the standby:
    /// that one gets its answer first. Returns when none is left. Errors: `timeout`, saying what is
    /// left.
    [[nodiscard]] virtual Awaitable<Result<void>> drain(Milliseconds patience,
                                                        Deadline deadline) = 0;
    /// From disk: where the log of a primary ends that stop() ended, so that nothing can be written
    /// to it any more, whatever processes are left. Empty: it did not, or not yet.
    [[nodiscard]] virtual Awaitable<Result<std::optional<Position>>>
    stopped_at(Deadline deadline) = 0;
    /// One commit of the agent's own, on a session of its own; waits as any commit does.
    [[nodiscard]] virtual Awaitable<Result<Heartbeat>> heartbeat(Deadline deadline) = 0;
    /// Called now and then on a standby that acknowledges: frees commits of its upstream that wait
    /// though the stream stands, because the engine does not get on by itself. What it tells is
    /// true: it holds it. Returns what was done, for people; empty: there was nothing to do.
    /// Errors: those of the upstream.
    [[nodiscard]] virtual Awaitable<Result<std::string>> acknowledge_held(Deadline deadline) = 0;
    /// Closes every session; called when the server's process is gone.
    virtual void forget_server() = 0;
};

} // namespace lockstep
