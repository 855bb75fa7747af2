#pragma once

#include "core/observation.h"

namespace lockstep {

/// What a member's agent said last stands as it was said: the controller makes no silence in it
/// longer. While the controller itself is cut off, nobody reports how long anything was silent, and
/// what is not reported is no evidence (F26); who stops talking is known by that.

/// The furthest position of a member, on the history it reported last. A member that follows
/// another history begins anew there.
[[nodiscard]] Position furthest(const Position& highest, const Position& reported);

/// Answers, and its agent has no complaint: nothing that the controller need probe itself.
[[nodiscard]] bool is_fine(const Observation& observation);

} // namespace lockstep
