#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/observation.h"
#include "core/record.h"

namespace lockstep {

/// What a controller knows of one member, at one moment.
struct MemberView {
    bool connected = false;                 // Its agent's stream is open.
    Milliseconds silent{0};                 // Since its agent was last heard.
    std::optional<Observation> observation; // The last one of this connection or an earlier one.
    Position highest;                  // The furthest position ever seen from it, on its history.
    bool probe_failed = false;         // The controller's own TCP connects to the agent's and the
                                       // database's port both fail, since `dead_after` at least.
    bool database_port_dead = false;   // The same for the database's port alone.
    std::string refused_stream;        // A second stream with this identity was refused (R11).
    Milliseconds database_down_for{0}; // For so long its agent has told of no running database.
};

/// Everything that decide() may know besides the record.
struct View {
    std::map<MemberId, MemberView> members;
    std::int64_t unix_ms = 0; // For hold-down, which outlives restarts. Carries no safety.
};

} // namespace lockstep
