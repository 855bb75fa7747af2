#pragma once

#include "agent/local_state.h"
#include "agent/memory.h"
#include "agent/supervisor.h"

namespace lockstep {

/// For whom the server is to keep its log. A standby feeds nobody.
[[nodiscard]] std::vector<Member> slots_wanted(const Goal& goal);

/// What the agent knows, as the plain answers that next_duty() asks for.
[[nodiscard]] LocalFacts gather_facts(const Goal& goal, const LocalState& state,
                                      const Memory& memory, const Supervisor& supervisor,
                                      const Driver& driver);

/// Has this epoch been finished here, and does the server run by the goal's ticket?
[[nodiscard]] bool serves(const Goal& goal, const LocalState& state, const Memory& memory,
                          const Supervisor& supervisor);

} // namespace lockstep
