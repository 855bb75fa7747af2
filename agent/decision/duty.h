#pragma once

#include <span>
#include <string_view>

#include "core/goal.h"

namespace lockstep {

/// The one next thing an agent does about its member. Each may be repeated.
enum class DutyKind {
    rest,            // All is as it should be.
    wait,            // For something that comes by itself.
    block,           // An operator is needed: an alarm, and nothing is touched.
    inspect,         // Looks at what lies in the data folder.
    fence,           // Leaves no process of the server, and no ticket.
    stop,            // A clean stop, then fence.
    remove_ticket,   // So that nobody starts the server.
    initialise,      // Makes a new database.
    restore,         // Makes it from a snapshot and log.
    start_primary,   // R5 allows it.
    ask_to_start,    // R5: asks a controller.
    start_standby,   // Follows the upstream.
    start_replaying, // As a standby of nobody, to be promoted.
    promote,         // R2; on a primary: finishes what a promotion left to do.
    apply_ticket,    // Follow, tighten, relax.
    keep_slots,      // What peers need.
    prove,           // R4.2 and R4.3.
    hand_over,       // For a switchover: prepares, drains, stops, and says where its log ends.
    read_stop,       // For a switchover: where the log of a server that is stopped ends.
    clone,           // A copy of the upstream into an empty folder.
    judge,           // Has this data left the upstream's history?
    replace,         // R8's copy, then a rewind or a clone.
    hold_replay,     // For the primary's proof.
};

[[nodiscard]] std::string_view to_string(DutyKind kind);

/// The data folder, as far as it matters for what to do.
enum class Data {
    unknown,   // This agent's, and not looked at yet.
    foreign,   // Not this agent's (R11).
    other,     // This agent's mark, and no database in it.
    absent,    // No folder, or an empty one.
    half_made, // A copy that this agent began and did not finish.
    primary,   // Would start as a primary.
    standby,   // Would start as a standby.
};

/// The server's process.
enum class Process {
    none,
    ending,   // Dead or being fenced; what is left of it is being ended.
    leftover, // No server, but processes of it that could not be ended.
    starting, // Does not answer yet.
    primary,
    standby,
};

/// Whether a member's data has left its upstream's history.
enum class Judged { unknown, same, diverged };

/// How far this member is with a switchover from it, under the goal's revision.
enum class HandsOver {
    due,
    stopped, // Cleanly, a moment ago: the controller is about to decide.
    over,    // It failed, or the controller decided nothing for too long: serve again.
};

/// What an agent knows of its own member, as plain answers.
struct LocalFacts {
    Data data = Data::unknown;
    Process process = Process::none;
    Judged judged = Judged::unknown;
    HandsOver hands_over = HandsOver::due;
    bool may_start = false;  // R5 allows a start as primary.
    bool start_held = false; // It died right after its last starts, or its disk is full or hangs.
    bool begun = false;      // This epoch's promotion was finished here.
    bool ticket_in_force = false; // The server runs by the ticket of the goal.
    bool ticket_left = false;     // A ticket may lie in its place.
    bool slots_kept = false;
    bool barrier_taken = false; // Under this revision.
    bool streaming = false;     // Under the goal's sync name, seen on this side.
    bool stream_broken = false; // Standby: not streaming for long though the upstream answers.
    bool must_judge = false;    // It was stopped for that.
    friend bool operator==(const LocalFacts&, const LocalFacts&) = default;
};

struct Duty {
    DutyKind kind = DutyKind::rest;
    std::string_view because;
};

struct DutyRule {
    Role role;
    bool (*when)(const Goal&, const LocalFacts&);
    DutyKind kind;
    std::string_view because; // The operator's sentence.
};

/// What an agent does, read from top to bottom: the first rule of a role that matches wins.
[[nodiscard]] std::span<const DutyRule> duty_rules();
[[nodiscard]] Duty choose(std::span<const DutyRule> table, const Goal& goal,
                          const LocalFacts& facts);

/// Pure and total. Level-triggered: asked again and again, so that nothing gets lost in a crash.
[[nodiscard]] Duty next_duty(const Goal& goal, const LocalFacts& facts);

/// A server that may write must end before the record that takes its role away is written to
/// disk: a slow disk must not delay a fence.
[[nodiscard]] bool must_fence_first(const Goal& told, const LocalFacts& facts);

} // namespace lockstep
