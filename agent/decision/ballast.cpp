#include "agent/decision/ballast.h"

#include <algorithm>
#include <array>

namespace lockstep {
namespace {

/// With less than this the ballast goes: room for the log of a few seconds' writing.
constexpr std::uint64_t short_bytes = 2 * log_piece_bytes;

} // namespace

std::uint64_t free_bytes_needed(const Room& room) {
    const auto missing = room.wanted_bytes - std::min(room.ballast_bytes, room.wanted_bytes);
    // Far from the place where it would be released again: it shall not come and go.
    return missing + std::max(room.wanted_bytes, short_bytes) + short_bytes;
}

BallastStep next_ballast_step(const Room& room) {
    const bool is_short = room.refused || room.free_bytes < short_bytes;
    if (room.ballast_bytes > 0 && (is_short || room.wanted_bytes == 0)) {
        return BallastStep::release;
    }
    const bool missing = room.ballast_bytes < room.wanted_bytes;
    if (missing && !is_short && room.free_bytes >= free_bytes_needed(room)) {
        return BallastStep::make;
    }
    return BallastStep::keep;
}

bool is_full(const Room& room) {
    const bool no_room = room.refused || room.free_bytes < log_piece_bytes;
    return (room.ballast_bytes == 0 && no_room) ||
           (room.log_free_bytes && *room.log_free_bytes < log_piece_bytes);
}

bool says_no_room(std::string_view trouble) {
    constexpr std::array<std::string_view, 2> sayings = {"No space left on device",
                                                         "Disk quota exceeded"};
    return std::ranges::any_of(
        sayings, [trouble](auto saying) { return trouble.find(saying) != std::string_view::npos; });
}

} // namespace lockstep
