#pragma once

#include <filesystem>
#include <vector>

#include "core/snapshot.h"
#include "drivers/postgres/history.h"

/// The log that a restore replays. All of it blocks.
namespace lockstep::postgres {

/// Makes the new folder `to` such that the recovering server finds each segment there under its own
/// name: a link to the one in `from`, or, of those that were not finished, a copy of the one that
/// goes furthest, filled up to a segment's size; and the histories of `descent` and `forks`.
/// Errors: `refused`.
[[nodiscard]] Result<void> lay_out_log(const std::filesystem::path& from,
                                       const std::filesystem::path& to, const Descent& descent,
                                       const std::vector<HistoryFork>& forks);

/// How a position lies to the end of the log that was laid out.
enum class Reach { inside, at_end, past_end, unknown };
[[nodiscard]] Reach reach_of(const std::filesystem::path& log, const Descent& descent,
                             std::uint64_t position);

} // namespace lockstep::postgres
