#pragma once

#include <vector>

#include "core/result.h"
#include "core/snapshot.h"

namespace lockstep::snapshots {

/// All that is known of one pair's repository: what is finished, nothing else. The order of the
/// entries means nothing.
struct Catalogue {
    std::vector<Snapshot> snapshots;
    std::vector<LogSegment> log;
    std::vector<HistoryFork> forks;
    friend bool operator==(const Catalogue&, const Catalogue&) = default;
};

/// Whether it is one that the rules can read. Errors: `corrupt`, naming the entry: an id or a name
/// twice, a place that is not known, log that ends where it begins, a history with two parents or
/// that descends from itself.
[[nodiscard]] Result<void> check(const Catalogue& catalogue);

/// Nothing was found wrong with it.
[[nodiscard]] inline bool sound(const Snapshot& snapshot) {
    return snapshot.damage.empty();
}

} // namespace lockstep::snapshots
