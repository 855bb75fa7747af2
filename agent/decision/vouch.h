#pragma once

#include <optional>
#include <string_view>

#include "core/observation.h"
#include "core/record.h"

namespace lockstep {

/// What an agent knows when it is asked for a pair's name.
struct VouchFacts {
    MemberId self;
    std::optional<PairRecord> record; // Its own pair's, accepted; empty when asked for another's.
    ServerState server = ServerState::stopped;
    Stream stream;                     // Its own, as a standby.
    Acknowledgements acknowledgements; // What it hears, as a primary.
    /// Since a controller proved through its store that what it told is in force; empty: never.
    std::optional<Milliseconds> proved_ago;
    Milliseconds fence_after{5000};
};

struct VouchVerdict {
    bool vouched = false;
    std::string_view because;
};

/// May this agent answer the name (DESIGN.md 4, endpoint)? The stream is the lease, for the name
/// too: it outlives the controller.
[[nodiscard]] VouchVerdict may_vouch(const VouchFacts& facts);

} // namespace lockstep
