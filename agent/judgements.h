#pragma once

#include "agent/decision/boot.h"
#include "agent/decision/door.h"
#include "agent/decision/fence.h"
#include "agent/local_state.h"
#include "agent/memory.h"

namespace lockstep {

/// R5: may the server be started as primary now, and with which door?
[[nodiscard]] BootVerdict judge_boot(const LocalState& state, const Memory& memory);
/// R9: may the shut door of the running primary be opened?
[[nodiscard]] DoorVerdict judge_door(const LocalState& state, const Memory& memory);
/// R6: must the server stop serving?
[[nodiscard]] FenceVerdict judge_fence(const Goal& goal, const LocalState& state,
                                       const Memory& memory);

} // namespace lockstep
