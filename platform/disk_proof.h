#pragma once

#include <chrono>
#include <filesystem>

#include "core/result.h"

namespace lockstep {

/// A disk that wrote and synced something.
struct DiskProof {
    std::chrono::milliseconds started{0}; // Boot time at which the proof was begun.
};

/// Writes a few bytes to `path` and waits until they are on stable storage; blocks as long as the
/// disk does. Errors: `refused` with the system's reason.
[[nodiscard]] Result<DiskProof> prove_disk(const std::filesystem::path& path);

} // namespace lockstep
