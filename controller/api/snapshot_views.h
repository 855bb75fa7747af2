#pragma once

#include <string>
#include <vector>

#include "controller/operations.h"

/// How the API shows snapshots (docs/api.md).
namespace lockstep {

/// {"pairs": […]}
[[nodiscard]] std::string view_of(const std::vector<PairSnapshots>& pairs);
/// {"dry_run": …, "id": …, "pair": …, "work": …}
[[nodiscard]] std::string view_of_order(const SnapshotOrder& order, bool dry_run);

} // namespace lockstep
