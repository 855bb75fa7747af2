#pragma once

#include <cstdint>
#include <filesystem>

namespace lockstep {

/// Of all files below `folder`. Somebody may be writing there: what is gone meanwhile, or cannot be
/// read, does not count.
[[nodiscard]] std::uint64_t bytes_below(const std::filesystem::path& folder);

} // namespace lockstep
