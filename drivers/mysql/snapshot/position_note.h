#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/position.h"
#include "core/result.h"

namespace lockstep::mysql {

/// Where the data of a snapshot is, beside it.
struct PositionNote {
    std::string system_id;
    History history;
    std::string gtids;            // All that it holds.
    std::int64_t end_unix_ms = 0; // No commit in it is later.
    friend bool operator==(const PositionNote&, const PositionNote&) = default;
};
[[nodiscard]] std::string render_position(const PositionNote& note);
/// Errors: `corrupt`.
[[nodiscard]] Result<PositionNote> parse_position(std::string_view text);
/// Of a snapshot's folder. Errors: `refused`, naming the file.
[[nodiscard]] Result<PositionNote> read_position(const std::filesystem::path& snapshot);

} // namespace lockstep::mysql
