#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "platform/deadline.h"

namespace lockstep {

/// Files to be kept in a new folder, with a page that says what they are.
struct Copying {
    struct File {
        std::filesystem::path from;
        std::filesystem::path to;               // Below the folder.
        std::vector<std::uint32_t> blocks = {}; // Only these, in their places; empty: all of it.
    };
    std::vector<File> files;
    std::filesystem::path to;
    std::string readme;
    std::uint64_t block_bytes = 8192;
    std::shared_ptr<const std::atomic<bool>> given_up = nullptr; // Empty: nobody gives it up.
};

/// Copies into a folder beside `to` that takes its name when all of it is on stable storage.
/// Returns the bytes kept; a folder that is there already is complete, and left as it is. Blocks.
/// Errors: `refused` if there is not enough room (needed and free are named; 5 % must stay free),
/// `timeout`, `conflict` (given up); nothing is left then.
[[nodiscard]] Result<std::uint64_t> copy_durably(const Copying& copying, Deadline deadline);

} // namespace lockstep
