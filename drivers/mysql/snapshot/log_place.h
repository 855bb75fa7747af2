#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/snapshot.h"
#include "drivers/mysql/binlog.h"
#include "drivers/mysql/descent.h"

/// Places in the log as snapshots count them: one number for all transactions up to there, whoever
/// wrote them, that goes on across a promotion. MariaDB's sequence number is that already. MySQL
/// numbers each writer's transactions from 1: there it is how many the whole history has
/// (docs/decisions/0023).
namespace lockstep::mysql {

/// The place of one that holds exactly this.
[[nodiscard]] std::uint64_t place_after(const GtidSet& held);
/// The place after a transaction; nothing: it is not of this history.
[[nodiscard]] std::optional<std::uint64_t> place_after(const Descent& descent,
                                                       const LoggedTransaction& transaction);

/// Every fork on the way to `descent`, the first one first.
[[nodiscard]] std::vector<HistoryFork> forks_of(const Descent& descent);
/// The part of `descent` on which a place lies; a fork itself lies on the parent.
[[nodiscard]] Descent descent_at(const Descent& descent, std::uint64_t place);

/// When a transaction was committed, as far as the log tells: MySQL to the microsecond, MariaDB in
/// which second.
struct CommitTime {
    std::int64_t earliest_ms = 0;
    std::int64_t latest_ms = 0;
};
[[nodiscard]] CommitTime commit_time(const LoggedTransaction& transaction);
/// Every commit up to this time lies before this transaction, or is it.
[[nodiscard]] std::int64_t complete_to_ms(const LoggedTransaction& transaction);

} // namespace lockstep::mysql
