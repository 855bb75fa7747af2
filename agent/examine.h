#pragma once

#include <filesystem>

#include "agent/examination.h"
#include "platform/asio.h"

namespace lockstep {

/// Looks at an agent's file, and as far as that is whole at the host, the engine's programs and its
/// server. Changes nothing.
[[nodiscard]] Awaitable<Examination> examine(std::filesystem::path file);

} // namespace lockstep
