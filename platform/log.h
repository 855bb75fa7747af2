#pragma once

#include <string>

#include <spdlog/spdlog.h>

#include "core/event.h"

namespace lockstep {

/// Logs go to standard error: `2026-11-22T21:33:20.123Z warning agent a: …`. `name` is the
/// program's part ("controller", "agent a"). Level from `LOCKSTEP_LOG` (trace … error), default
/// info.
void start_log(const std::string& name);

/// One event, once, at the top of a loop.
void log_event(const Event& event);

} // namespace lockstep
