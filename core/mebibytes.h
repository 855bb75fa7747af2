#pragma once

#include <cstdint>
#include <string>

namespace lockstep {

/// "12 MiB", for people: a part of one counts as one.
[[nodiscard]] inline std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + " MiB";
}

} // namespace lockstep
