#pragma once

#include "core/observation.h"

namespace lockstep {

/// The furthest position of a member, on the history it reported last. A member that follows
/// another history begins anew there.
[[nodiscard]] Position furthest(const Position& highest, const Position& reported);

/// Answers, and its agent has no complaint: nothing that the controller need probe itself.
[[nodiscard]] bool is_fine(const Observation& observation);

} // namespace lockstep
