#pragma once

#include <span>
#include <string>
#include <string_view>

#include "controller/decision/facts.h"
#include "core/event.h"
#include "core/record.h"

namespace lockstep {

/// What a rule does to the record. Each but `stay` is one compare-and-swap.
enum class Action {
    stay,      // Nothing changes; the primary, if it is down, may be started in place (R5).
    wait,      // Nothing changes, and the primary may not be started.
    serve,     // The recorded primary has served in its epoch.
    promote,   // R2: epoch + 1, primary = the standby, in_sync = {it}, no grant.
    force,     // The one way round R2: the same for a member that may lack commits.
    give_back, // F23: epoch + 1, back to the former primary.
    narrow,    // R3: in_sync = {primary}.
    grant,     // R4.0
    widen,     // R4.5
    renew,    // R4.0 for a standby in sync whose promise ended, while commits go on waiting for it.
    confirm,  // R4.5 for that one: its promise is of its new start.
    withdraw, // Drops a grant.
    cancel,   // Drops what an operator asked for and what cannot be done.
    note_away, // Notes who stays away and since when, or that it is back.
    replace,   // A spare takes the place of a member that stays away, which becomes a spare.
    drop,      // Takes a member out of the record.
};

[[nodiscard]] std::string_view to_string(Action action);

using Condition = bool (*)(const Facts&);

struct Rule {
    Phase from;
    Condition when;
    std::string_view condition; // Its name, for diagrams.
    Action action;
    Phase to;
    Severity severity;
    std::string_view because;          // The operator's sentence.
    std::string Assessment::*evidence; // What is told after it; null: nothing.
};

/// The life of a pair. The first rule of a phase that matches wins.
[[nodiscard]] std::span<const Rule> rules();

/// The rule that applies. Total: each phase's last rule always matches.
[[nodiscard]] const Rule& choose(std::span<const Rule> table, Phase phase, const Facts& facts);

} // namespace lockstep
