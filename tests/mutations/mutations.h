#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/history.h"

/// Rules of DESIGN.md 3, each bent in one way, as the model checker bent them. Product code has no
/// switch for any of this: the linker puts a bent function in the place of a decision (`--wrap`),
/// or the simulated engine breaks a promise.
namespace lockstep::mutations {

enum class Bent {
    nothing,
    promote_any,        // R2: a member outside the in-sync set is promoted.
    epoch_stands_still, // R2: the epoch does not rise.
    no_barrier,         // R4: widened without a barrier.
    any_revision,       // R4: evidence given under another revision counts.
    numbers_only,       // R4: positions are compared as numbers, and nobody judges data.
    start_by_memory,    // R5: what it knew last names it, so it starts as primary.
    door_open,          // R9: readers are let in at once after a crash.
    older_accepted,     // R7: an older revision is accepted.
    destroy_protected,  // R10: data that commits count on is replaced.
    never_widens,       // Of no rule, but nobody is ever in sync.
};

/// What the decisions of this process are bent by.
extern Bent bent;

struct Mutation {
    std::string_view name;
    std::string_view breaks; // The invariant.
    Bent bent = Bent::nothing;
    sim::HistoryOptions options;
};

[[nodiscard]] const std::vector<Mutation>& all();

} // namespace lockstep::mutations
