#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// What an engine counts its positions in.
enum class Unit { bytes, transactions };

/// A place in a history: everything before it is included. Positions of different histories are
/// not comparable.
struct Position {
    History history;
    std::uint64_t offset_bytes = 0; // In the engine's unit, which may be transactions.
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

/// A standby this far behind is caught up with within some tenths of a second: what a busy primary
/// writes in that time.
[[nodiscard]] constexpr std::uint64_t largest_backlog(Unit unit) {
    return unit == Unit::bytes ? 16U << 20U : 10000U;
}

/// "1 transaction", "4096 bytes"
[[nodiscard]] inline std::string in_words(std::uint64_t count, Unit unit) {
    const std::string_view word = unit == Unit::bytes ? "byte" : "transaction";
    return std::to_string(count) + " " + std::string(word) + (count == 1 ? "" : "s");
}

} // namespace lockstep
