#pragma once

#include <filesystem>

namespace lockstep {

/// Runs a controller until SIGTERM or SIGINT. Returns the exit status: 0 ended by a signal, 1 the
/// start failed, 2 the file is wrong; one clear line (or one per mistake) on standard error.
[[nodiscard]] int run_controller(const std::filesystem::path& config);

} // namespace lockstep
