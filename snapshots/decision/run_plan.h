#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "snapshots/decision/restorable.h"
#include "snapshots/decision/retention.h"
#include "snapshots/decision/window.h"

namespace lockstep::snapshots {

/// An automated snapshot that was begun.
struct Attempt {
    enum class End {
        none, // It is going on.
        success,
        failure,   // For what may last: the next one an hour later.
        cut_short, // Its server was promoted or stopped: the next one at once, from where it can.
    };
    std::int64_t begun_unix_ms = 0;
    std::int64_t ended_unix_ms = 0;
    End end = End::none;
    std::string trouble; // "the repository is full"
};

struct RunInput {
    RetentionInput retention; // Its `taking` is set here from the attempts as well.
    BackupWindow window;
    TimeZone zone;
    std::vector<Attempt> attempts; // Those since the last success, at least; any order.
};

/// Whether to take an automated snapshot now.
struct TakeDecision {
    enum class Why {
        switched_off, // The retention is 0 days.
        deleted,      // The pair is.
        going_on,     // One is being taken.
        waiting,      // For the next try after a failed one.
        first,        // There is none that the present database could be restored from.
        broken_log,   // The log has a gap: later times need a new snapshot.
        due,          // The window is open.
        missed,       // The window went by without one.
        done,         // Nothing is due before the next window.
    };
    bool take = false;
    Why reason = Why::done;
    std::string why;
    std::string alarm;             // Empty: nothing an operator should know.
    std::int64_t next_unix_ms = 0; // When to ask again at the latest; 0: on a change only.
    std::uint64_t bytes = 0;       // What it will take in the repository: as much as the last one.
};
[[nodiscard]] TakeDecision decide_take(const RunInput& input);

/// All that a run does, before it does it: what `lockstep snapshot plan` shows.
struct RunPlan {
    TakeDecision take;
    RetentionPlan retention;
    Restorable times;
};
[[nodiscard]] RunPlan plan_run(const RunInput& input);

} // namespace lockstep::snapshots
