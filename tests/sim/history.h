#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/ledger.h"

namespace lockstep::sim {

class World;

/// Which engine a history's databases are of.
enum class Engine { postgresql, semisync };

/// How a history goes, besides its seed.
struct HistoryOptions {
    Engine engine = Engine::postgresql;
    EngineFlaws flaws;
    bool store_loses_its_last_write = false; // When the controller dies (R12).
    bool keeps_trace = false;
    bool ends_with_faults = false; // Whether it gets healthy again is not asked.
    std::function<void(World&)>
        faults; // What goes wrong, once the pair is formed; empty: anything.
};

struct HistoryOutcome {
    std::uint64_t seed = 0;
    std::uint64_t faults = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t lost = 0;
    std::uint64_t steps = 0;
    std::uint64_t trace_hash = 0;
    Micros ended_at = 0;
    Revision revision{};
    Epoch epoch{};
    std::optional<Violation> violation;
    std::vector<std::string> trace;
};

/// One history: a pair is formed, faults strike for a while, they stop, and the pair must be
/// healthy again within a bound. A function of its seed.
[[nodiscard]] HistoryOutcome run_history(std::uint64_t seed, const HistoryOptions& options);

} // namespace lockstep::sim
