#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/position.h"

namespace lockstep::sim {

constexpr std::uint64_t segment_bytes = 1U << 24U;

[[nodiscard]] constexpr std::uint64_t segment_of(std::uint64_t offset) {
    return offset / segment_bytes;
}

/// Where a timeline was left.
struct Fork {
    std::uint32_t timeline = 0;
    std::uint64_t at = 0;
    friend bool operator==(const Fork&, const Fork&) = default;
};

/// A timeline and its descent, as PostgreSQL's history files tell it: two that look alike need not
/// hold the same (F13).
struct Lineage {
    std::vector<Fork> ancestors;
    std::uint32_t timeline = 1;
    friend bool operator==(const Lineage&, const Lineage&) = default;

    [[nodiscard]] History history() const {
        std::string text;
        for (const auto& fork : ancestors) {
            text += std::to_string(fork.timeline) + "@" + std::to_string(fork.at) + " ";
        }
        return History{text + std::to_string(timeline)};
    }
    /// Where this line left `timeline`; null: it never was on it.
    [[nodiscard]] const Fork* left(std::uint32_t other) const {
        for (const auto& fork : ancestors) {
            if (fork.timeline == other) {
                return &fork;
            }
        }
        return nullptr;
    }
};

} // namespace lockstep::sim
