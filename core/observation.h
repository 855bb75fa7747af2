#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/policy.h"
#include "core/position.h"

namespace lockstep {

/// What a member's database server is doing, as its own agent sees it.
enum class ServerState {
    no_data,  // No data folder, or an empty one.
    foreign,  // A data folder whose mark is not this agent's (R11): it is not touched.
    stopped,  // Data, and no process.
    starting, // A process that does not answer yet.
    primary,  // Answers, accepts writes.
    standby,  // Answers, replays.
};

[[nodiscard]] std::string_view to_string(ServerState state);

/// How long a probe has been without a good answer. `silent` is zero while the last one was good.
struct Probe {
    Milliseconds silent{0};
    std::string trouble; // What the last bad answer said; empty while good.
    friend bool operator==(const Probe&, const Probe&) = default;
};

/// What the primary knows of the standby behind its current sync name.
struct Acknowledgements {
    std::string name;         // The sync name in force in the engine; empty: it waits for nobody.
    bool streaming = false;   // A stream with that name is connected and caught up to streaming.
    Milliseconds silent{0};   // Since something was last acknowledged under that name.
    bool disk_proved = false; // An fsync probe that started after that acknowledgement finished.
    friend bool operator==(const Acknowledgements&, const Acknowledgements&) = default;
};

/// R4.2 and R4.3: the engine was seen to hold a commit for `name`, and afterwards the end of its
/// log was here.
struct Barrier {
    Revision revision{}; // The grant under which it was taken.
    std::string name;
    Position position;
    friend bool operator==(const Barrier&, const Barrier&) = default;
};

/// What a standby knows of the stream that feeds it.
struct Stream {
    bool connected = false;
    std::string name;          // The name under which it streams.
    Milliseconds silent{0};    // Since anything was last heard over it.
    Milliseconds clean_for{0}; // How long it has been connected without a break.
    friend bool operator==(const Stream&, const Stream&) = default;
};

/// How far a primary is that shall be switched over from.
enum class HandOverStage {
    preparing, // Serves; writes to disk what would make its stop long.
    draining,  // Its door is shut; clients' sessions end, and no commit is left waiting.
    stopping,  // The server was told to stop, and is down or about to be.
    stopped,   // It was shut down cleanly: its log ends at `end`, for good.
};

[[nodiscard]] std::string_view to_string(HandOverStage stage);

struct HandOver {
    Revision revision{}; // Under which it was begun.
    HandOverStage stage = HandOverStage::preparing;
    Milliseconds in_stage{0};
    Position end;        // When stopped.
    std::string trouble; // Why it is given up, in this stage. Empty: it is not.
    friend bool operator==(const HandOver&, const HandOver&) = default;
};

/// A long work of an agent's: a clone, a copy.
struct Job {
    std::string what; // "cloning from a"
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0; // 0: not known.
    Milliseconds running_for{0};
    friend bool operator==(const Job&, const Job&) = default;
};

/// Room for the database, on the file system that has least of it.
struct Disk {
    std::uint64_t free_bytes = 0;
    std::uint64_t total_bytes = 0;   // 0: not looked at yet.
    std::uint64_t ballast_bytes = 0; // Held back by the agent, to be released first.
    Milliseconds full_for{0};        // No room for the next piece of log, and no ballast left.
    std::string path;                // Where.
    friend bool operator==(const Disk&, const Disk&) = default;
};

/// Everything an agent says of its member. Durations are of the agent's own clock; ages grow by
/// what the observer adds.
struct Observation {
    MemberId member;
    std::string data_id;   // The mark of the data folder; empty without one (R11).
    std::string system_id; // Which database it is a copy of (PostgreSQL: system identifier).
    std::string store_id;  // Of the record it accepted; empty: none yet.
    Revision accepted{};   // The highest revision that it has on disk (R7).
    ServerState server = ServerState::no_data;
    std::string server_version;
    std::string door;  // Why a primary that answers lets no client in (R9); empty: it does.
    std::string death; // How the last server process ended; empty: none did.
    std::string start; // To what a promise belongs (record.h: Promise); known while it answers.
    Position position; // Standby: flushed. Primary: end of its log. Else: not known.
    Unit unit = Unit::bytes;            // Of positions and of what is not replayed.
    std::uint64_t unreplayed_bytes = 0; // Standby: flushed and not replayed yet. Primary: written
                                        // and not replayed yet by its standby, if that streams and
                                        // the engine tells its primary.
    Epoch serving{0};            // Server is primary and finished everything that this epoch's
                                 // promotion needs; 0: it does not serve.
    bool never_promoted = false; // Proved from disk: no promotion of this data folder for the
                                 // epoch of the accepted record has begun (F23).
    Stream stream;
    Acknowledgements acknowledgements;
    std::optional<Barrier> barrier;
    std::optional<HandOver> hand_over;
    std::string lowered;                // R13: R1 was lowered here: who and what. Empty: not.
    std::string unfit;                  // Why this member cannot be in sync (F5). Empty: it can.
    std::vector<std::string> rpo_notes; // "RPO 0 not in force for …" (F6).
    Probe sql;
    Probe fsync;
    Probe heartbeat; // Waiting for the standby is not silence.
    Disk disk;
    std::optional<Job> job;
    std::uint64_t start_request = 0; // R5: asks to start as primary; 0: it does not.
    std::vector<std::string> alarms; // Sentences for an operator; they stay while true.
    friend bool operator==(const Observation&, const Observation&) = default;
};

} // namespace lockstep
