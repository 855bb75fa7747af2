#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "platform/process.h"

namespace lockstep::mysql {

/// Runs two tools, the second of which reads what the first writes, each through a named pipe.
struct PipedTools {
    std::filesystem::path written; // The first one's pipe, in a folder of the caller's alone.
    std::filesystem::path read;    // The second one's.
    Command writer;
    Command reader;
    std::uint64_t most_bytes_a_second = 0; // 0: as fast as it goes.
    std::function<void(std::uint64_t)> on_bytes;
};
/// Done when both ended well. Whatever fails ends the other, too. Errors: `refused` (the tool that
/// failed, and its words), `timeout`.
[[nodiscard]] Awaitable<Result<void>> run_piped(PipedTools tools, Deadline deadline);

} // namespace lockstep::mysql
