#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "platform/process.h"

namespace lockstep {

/// Runs a tool until it ends or `enough` says so of a line of its output; then it is ended. Empty:
/// it was ended. Errors: as run_tool's.
[[nodiscard]] Awaitable<Result<std::optional<ToolResult>>>
run_until(Command command, std::function<bool(std::string_view)> enough, Deadline deadline);

} // namespace lockstep
