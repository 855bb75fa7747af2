#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::cli {

/// "0 B", "512 B", "1.5 KiB", "118 MiB", "3.4 TiB"
[[nodiscard]] std::string show_bytes(std::uint64_t bytes);
/// "0.4 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"
[[nodiscard]] std::string show_span(std::chrono::milliseconds span);
/// "a", "a and b", "a, b and c"
[[nodiscard]] std::string show_list(const std::vector<std::string>& words);

} // namespace lockstep::cli
