#pragma once

#include <string>
#include <vector>

#include "core/snapshot.h"

namespace lockstep::snapshots {

/// The same log in fewer pieces: neighbours on one history that touch or overlap become one, which
/// has the first one's name. What is left to see are the gaps.
[[nodiscard]] std::vector<LogSegment> joined(std::vector<LogSegment> log);

/// Where an archiver goes on: the end of what the repository has on the way to `history`, gaps or
/// not. Unknown history: it has nothing of it.
[[nodiscard]] Position resume_at(const std::vector<LogSegment>& log,
                                 const std::vector<HistoryFork>& forks,
                                 const std::string& system_id, const History& history);

} // namespace lockstep::snapshots
