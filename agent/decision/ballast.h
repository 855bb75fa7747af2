#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep {

/// Room for a database, and the ballast: a file beside it that is removed when room runs out, so
/// that there is time to act before the engine must stop.
struct Room {
    std::uint64_t free_bytes = 0;                // Where the data lies.
    std::optional<std::uint64_t> log_free_bytes; // Where the log lies, if on another file system.
    std::uint64_t ballast_bytes = 0;             // Held now.
    std::uint64_t wanted_bytes = 0;              // To be held.
    bool refused = false;                        // A write was refused for want of room lately.
    friend bool operator==(const Room&, const Room&) = default;
};

enum class BallastStep {
    keep,
    release, // Room runs out.
    make,    // There is room for it, and it would not have to be released at once.
};

/// An engine that cannot have its next piece of log stops (PostgreSQL: a segment).
inline constexpr std::uint64_t log_piece_bytes = 16U << 20U;

[[nodiscard]] BallastStep next_ballast_step(const Room& room);
/// No room for the next piece of log, and nothing left to release.
[[nodiscard]] bool is_full(const Room& room);
/// How much must be free before the ballast is made anew.
[[nodiscard]] std::uint64_t free_bytes_needed(const Room& room);
/// What an engine or a system call says when there is no room.
[[nodiscard]] bool says_no_room(std::string_view trouble);

} // namespace lockstep
