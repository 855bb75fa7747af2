#pragma once

#include <filesystem>
#include <optional>

namespace lockstep {

/// Looks at an agent's file, its host, the engine's programs and its server, and prints what is
/// wrong, for people or as JSON. Returns the exit status: 0 nothing is refused, 1 something is.
[[nodiscard]] int run_check(const std::filesystem::path& config, bool json);

/// Runs an agent until SIGTERM or SIGINT, and leaves its database running; SIGPWR ends that, too,
/// clients first. Returns the exit status: 0 ended by a signal, 1 the start failed, or the database
/// could not be ended, 2 the file is wrong; one clear line (or one
/// per mistake) on standard error.
[[nodiscard]] int run_agent(const std::filesystem::path& config);

/// Joins this host with a token from a file, or from standard input. Returns the exit status as
/// above; 0: joined.
[[nodiscard]] int run_join(const std::filesystem::path& config,
                           const std::optional<std::filesystem::path>& token_file);

} // namespace lockstep
