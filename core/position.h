#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace lockstep {

/// A line of commits that began with one member's promotion, named by its whole descent so that
/// equal text means equal history, never just an equal number (field: two members can pick the
/// same timeline number for different histories).
///
/// The text is the driver's, canonical and compared only for equality. PostgreSQL: the timeline's
/// fork points and its number, `1@0/5000060 2@0/7000000 3`. Empty: not known.
struct History {
    std::string text;
    [[nodiscard]] bool known() const { return !text.empty(); }
    friend bool operator==(const History&, const History&) = default;
};

/// A place in a history: everything before `offset` bytes is included. Positions of different
/// histories are not comparable.
struct Position {
    History history;
    std::uint64_t offset_bytes = 0;
    friend bool operator==(const Position&, const Position&) = default;
};

/// True only if `position` is known to lie on `mark`'s history, at or past it.
[[nodiscard]] inline bool reached(const Position& position, const Position& mark) {
    return position.history.known() && position.history == mark.history &&
           position.offset_bytes >= mark.offset_bytes;
}

/// True only if `position` is known to lie on `mark`'s history and before it.
[[nodiscard]] inline bool behind(const Position& position, const Position& mark) {
    return position.history.known() && position.history == mark.history &&
           position.offset_bytes < mark.offset_bytes;
}

} // namespace lockstep
