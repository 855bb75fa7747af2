#pragma once

#include <filesystem>
#include <optional>

namespace lockstep {

/// Runs an agent until SIGTERM or SIGINT, and leaves its database running. Returns the exit
/// status: 0 ended by a signal, 1 the start failed, 2 the file is wrong; one clear line (or one
/// per mistake) on standard error.
[[nodiscard]] int run_agent(const std::filesystem::path& config);

/// Joins this host with a token from a file, or from standard input. Returns the exit status as
/// above; 0: joined.
[[nodiscard]] int run_join(const std::filesystem::path& config,
                           const std::optional<std::filesystem::path>& token_file);

} // namespace lockstep
