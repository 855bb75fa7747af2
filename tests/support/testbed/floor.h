#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tests/support/testbed/ledger.h"

namespace lockstep::testbed {

/// What is physically possible on this machine now: a synchronous pair of plain servers of one
/// engine, and a script that waits on the primary's pidfd and promotes the standby the moment it
/// dies, by as few commands as lose nothing. No detection over a network, no record, no name: the
/// same writers are told the address in memory.
struct Floor {
    std::vector<std::int64_t> outages_ms; // SIGKILL to the first acknowledged write, a run each.
    std::int64_t median_ms = 0;
    std::uint64_t lost = 0;
};

struct FloorPlan {
    std::filesystem::path folder; // A new one, which is removed at the end.
    Engine engine = Engine::postgresql;
    std::size_t runs = 3;
    Writers::Options writers; // Finder, port and engine are filled in.
};

/// Throws Failure if a server does not come up.
[[nodiscard]] Floor measure_floor(const FloorPlan& plan);

} // namespace lockstep::testbed
