#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace lockstep {

/// The last lines of a log, joined by " | ", for an alarm. Empty if it cannot be read.
[[nodiscard]] std::string last_lines(const std::filesystem::path& log, std::size_t lines);

} // namespace lockstep
