#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/result.h"

namespace lockstep::sim {

struct ReplayOutcome {
    std::string pair;
    std::uint64_t inputs = 0;
    std::string difference; // The first decision that is another one now; empty: none is.
};

/// Decides again upon every input of an incident. Errors: `unreachable`, `corrupt`.
[[nodiscard]] Result<ReplayOutcome> replay(const std::filesystem::path& incident);

} // namespace lockstep::sim
