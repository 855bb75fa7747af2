#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "snapshots/decision/chains.h"

namespace lockstep::snapshots {

struct RestoreRequest {
    RestoreTarget target;
    std::string snapshot; // This one and no other; empty: the best.
};

/// What a restore needs, and nothing else.
struct RestorePlan {
    Snapshot snapshot;
    History history; // On which it ends.
    RestoreTarget target;
    std::vector<LogSegment> log;      // In order.
    std::vector<HistoryFork> forks;   // On the way, the first one first.
    std::uint64_t bytes = 0;          // Of snapshot and log, in the repository.
    std::int64_t reaches_unix_ms = 0; // The last commit in all this.
    /// Nothing in the repository comes after the target: all of the log is replayed, and an engine
    /// that wants to see a later commit before it believes that it has arrived need not look.
    bool to_end_of_log = false;
};

/// Why a target cannot be reached. Nothing was copied for it.
struct Refusal {
    enum class Why {
        bad_request,  // It names two targets, or what is not there.
        no_snapshot,  // None that is sound.
        too_early,    // Before the end of the first one that leads there.
        missing_log,  // Between the snapshot and the target.
        too_late,     // After all that is in the repository.
        nobodys_time, // Nothing is left of what was committed then.
    };
    Why why = Why::bad_request;
    std::string reason;
    std::optional<std::int64_t> before_unix_ms; // The nearest times that can be reached,
    std::optional<std::int64_t> after_unix_ms;  // for a target that is a time.
    std::optional<std::uint64_t> before_place;  // The same on the target's own history,
    std::optional<std::uint64_t> after_place;   // for one that is a place.
};

/// Decides from what a target is restored: the newest sound snapshot that ends at or before it and
/// has unbroken log up to it. A transaction or a name can be anywhere: the oldest snapshot with
/// unbroken log up to the end of all log is taken, unless one is asked for.
[[nodiscard]] tl::expected<RestorePlan, Refusal> plan_restore(const Chains& chains,
                                                              const RestoreRequest& request);
/// One sentence with the nearest times, for an operator.
[[nodiscard]] std::string in_words(const Refusal& refusal);

} // namespace lockstep::snapshots
