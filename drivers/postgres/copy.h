#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "platform/deadline.h"

namespace lockstep::postgres {

/// Files to be kept in a new folder, with a page that says what they are.
struct Copying {
    struct File {
        std::filesystem::path from;
        std::filesystem::path to; // Below the folder.
    };
    std::vector<File> files;
    std::filesystem::path to;
    std::string readme;
};

/// Copies into a folder beside `to` that takes its name when all of it is on stable storage.
/// Returns the bytes kept; a folder that is there already is complete, and left as it is. Blocks.
/// Errors: `refused` if there is not enough room (needed and free are named; 5 % must stay free),
/// `timeout`; nothing is left then.
[[nodiscard]] Result<std::uint64_t> copy_durably(const Copying& copying, Deadline deadline);

} // namespace lockstep::postgres
