#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/door.h"
#include "core/record.h"
#include "core/wire/messages.h"

namespace lockstep {

/// What R5 asks before a server is started as primary.
struct BootFacts {
    MemberId self;
    std::optional<PairRecord> record;        // Accepted, on disk.
    bool withdrawn = false;                  // The controller knows no pair for it (any more).
    std::uint64_t request = 0;               // The start that is asked for now; 0: none.
    Milliseconds asked_ago{0};               // Since then.
    std::optional<wire::StartPermit> permit; // The last one told.
    /// Since a controller proved through its store that what it told is in force; empty: never.
    std::optional<Milliseconds> proved_ago;
    /// For how long no controller has spoken at all, while this agent was there to listen; empty:
    /// none spoke yet in this run of the agent.
    std::optional<Milliseconds> silent_for;
};

struct BootVerdict {
    bool allowed = false;
    Door door = Door::shut; // R9: how it is to be started.
    std::string_view because;
};

/// R5: may the server be started as primary, and does it let clients in at once (R9)?
[[nodiscard]] BootVerdict may_start_as_primary(const BootFacts& facts);

} // namespace lockstep
