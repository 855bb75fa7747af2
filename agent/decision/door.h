#pragma once

#include <optional>
#include <string_view>

#include "core/door.h"
#include "core/observation.h"
#include "core/record.h"

namespace lockstep {

/// What R9 asks of a primary behind a shut door.
struct DoorFacts {
    std::optional<PairRecord> record; // Accepted, on disk: it names this member primary.
    ServerState server = ServerState::starting;
    Position recovery_end; // The end of its log once it answered as primary after this start.
    Acknowledgements acknowledgements;
    Position acknowledged; // By the stream under the name in force, in this server's history.
};

struct DoorVerdict {
    Door door = Door::shut;
    std::string_view because;
};

/// R9: may a door that is shut be opened? Shut stays shut until it is shown that the standby has
/// everything that readers would see, or that nobody has to have it.
[[nodiscard]] DoorVerdict door_after(const DoorFacts& facts);

} // namespace lockstep
