#pragma once

#include <cstdint>
#include <filesystem>

#include "core/result.h"

namespace lockstep {

/// Room on the file system of a folder.
struct DiskSpace {
    std::filesystem::path path;
    std::uint64_t device = 0; // Which file system.
    std::uint64_t free_bytes = 0;
    std::uint64_t total_bytes = 0;
};

/// Of a folder that is not there yet: of the one above it. Errors: `refused` with the system's
/// reason.
[[nodiscard]] Result<DiskSpace> space_of(const std::filesystem::path& folder);
/// 0 without such a file.
[[nodiscard]] std::uint64_t size_of(const std::filesystem::path& file);
/// Makes `file` so large, every block of it allocated: one with holes would take no room. What
/// cannot be made whole is removed. Errors: `refused` with the system's reason.
[[nodiscard]] Result<void> allocate_file(const std::filesystem::path& file, std::uint64_t bytes);

} // namespace lockstep
