#pragma once

#include "core/observation.h"

namespace lockstep {

/// What an observation says `by` later, if nothing more was heard: every silence in it has grown.
///
/// A probe whose last answer was good stays good: that its agent is silent is told by the agent's
/// own silence, and must not pass for a stall that nobody reported (F26).
[[nodiscard]] Observation aged(Observation observation, Milliseconds by);

/// The furthest position of a member, on the history it reported last. A member that follows
/// another history begins anew there.
[[nodiscard]] Position furthest(const Position& highest, const Position& reported);

/// Answers, and its agent has no complaint: nothing that the controller need probe itself.
[[nodiscard]] bool is_fine(const Observation& observation);

} // namespace lockstep
