#pragma once

#include <optional>
#include <string_view>

#include "core/door.h"
#include "core/observation.h"

namespace lockstep {

/// What R6 asks of the server of a primary.
struct FenceFacts {
    bool strict = false; // It runs as the record's primary, and commits wait for somebody.
    Door door = Door::open;
    /// Since it serves so. Nothing older than that is asked for.
    Milliseconds strict_for{0};
    /// Since a controller proved through its store that the record names this member; empty: never.
    std::optional<Milliseconds> proved_ago;
    /// Since the standby last acknowledged anything under the name in force; empty: never.
    std::optional<Milliseconds> standby_ago;
    /// For how long this agent has been looking without a break. One that was frozen has heard
    /// nobody because of itself; what was said meanwhile waits for it.
    Milliseconds awake_for = Milliseconds::max();
    Milliseconds fence_after{5000};
    Milliseconds agent_lost_after{30000}; // However often it was frozen.
};

struct FenceVerdict {
    bool fence = false;
    /// For how long it may go on without any more news, below zero how long it is over; empty: for
    /// ever.
    std::optional<Milliseconds> holds_for;
    std::string_view because;
};

/// R6: must the server stop serving? Somebody else may have been promoted unseen: only news from
/// the standby or from a controller that proved itself says that nobody was. Bounds what is read;
/// what is acknowledged is safe without it.
[[nodiscard]] FenceVerdict must_stop_serving(const FenceFacts& facts);

} // namespace lockstep
