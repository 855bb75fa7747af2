#pragma once

#include "controller/operations.h"
#include "core/result.h"
#include "core/snapshot.h"

namespace lockstep {

[[nodiscard]] Restorable restorable_of(const SnapshotReport& report);
/// Errors: `refused`: why it cannot be restored, and the nearest times that can.
[[nodiscard]] Result<void> check_reachable(const SnapshotReport& report, const Origin& origin);

/// Errors: `refused`, naming what is allowed.
[[nodiscard]] Result<void> check_schedule(const SnapshotPolicy& policy);
/// "kept for 7 days, taken within 02:00-03:00 UTC", "none are taken"
[[nodiscard]] std::string in_words(const SnapshotPolicy& policy);

} // namespace lockstep
