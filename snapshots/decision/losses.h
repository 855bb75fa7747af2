#pragma once

#include <string>

#include "snapshots/decision/catalogue.h"

namespace lockstep::snapshots {

/// What a repository held and holds no more, though nobody here took it away.
struct Losses {
    std::vector<Snapshot> snapshots;
    std::vector<LogSegment> log;
    [[nodiscard]] bool none() const { return snapshots.empty() && log.empty(); }
};

/// `before` was known when `read` was begun to be read, `now` when that was done: what came in
/// between is not missed, nor what was taken away by ourselves.
[[nodiscard]] Losses losses(const Catalogue& before, const Catalogue& read, const Catalogue& now);
void take_out(const Losses& lost, Catalogue& catalogue);
/// "2 snapshots (shop-1, shop-2) and 1 piece of the log (0005)"; empty if there are none.
[[nodiscard]] std::string in_words(const Losses& lost);

} // namespace lockstep::snapshots
