#pragma once

#include "core/goal.h"
#include "drivers/driver.h"

namespace lockstep {

/// The ticket of a goal: pure, so that the same record always means the same ticket.

/// Of a primary: commits wait for the goal's sync name, and clients get in by `door` (R9).
[[nodiscard]] Ticket primary_ticket(const Goal& goal, Door door);
/// Of a standby: it follows the goal's upstream under the goal's name.
[[nodiscard]] Ticket standby_ticket(const Goal& goal);
/// Of a standby that shall be promoted: it follows nobody, so that it takes nothing more from the
/// primary that it succeeds.
[[nodiscard]] Ticket replaying_ticket(const Goal& goal);

/// The one that a running server should obey. A standby's door is open always: `door` is a
/// primary's.
[[nodiscard]] Ticket wanted_ticket(const Goal& goal, Door door);

} // namespace lockstep
