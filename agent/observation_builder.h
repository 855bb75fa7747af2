#pragma once

#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/memory.h"
#include "agent/supervisor.h"

namespace lockstep {

/// The one place where what an agent says of its member is put together.
[[nodiscard]] Observation build_observation(const LocalState& state, const Memory& memory,
                                            const Supervisor& supervisor, const Journal& journal,
                                            const Driver& driver);

} // namespace lockstep
