#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep {

/// How diverged data comes back to its upstream's history.
enum class Rejoin { rewind, clone };

/// What is known of data that was judged diverged.
struct RejoinFacts {
    bool fork_known = false;        // It has a beginning in common with the upstream.
    bool same_history_name = false; // By name it is the upstream's own history (F13: a twin).
    bool rewound_before = false;    // A rewind in this epoch did not lead there.
    friend bool operator==(const RejoinFacts&, const RejoinFacts&) = default;
};

struct RejoinChoice {
    Rejoin how = Rejoin::clone;
    std::string_view because; // Why it is a clone; empty with a rewind.
};

/// Pure and total. Whether the engine's tool can do it is found out later, without loss.
[[nodiscard]] RejoinChoice choose_rejoin(const RejoinFacts& facts);

/// When a copy of R8's that was made now may be removed, and whether it may by now.
[[nodiscard]] constexpr std::int64_t remove_at(std::int64_t kept_unix_ms, std::uint32_t keep_days) {
    constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
    return kept_unix_ms + day_ms * keep_days;
}
/// Only what is no longer needed for a rejoin is ever removed.
[[nodiscard]] constexpr bool may_remove(std::int64_t remove_unix_ms, std::int64_t now_unix_ms,
                                        std::string_view rejoined) {
    return now_unix_ms >= remove_unix_ms && !rejoined.empty();
}

} // namespace lockstep
