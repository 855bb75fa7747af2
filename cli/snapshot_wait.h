#pragma once

#include <chrono>
#include <string>

#include "cli/session.h"
#include "cli/snapshot_views.h"

namespace lockstep::cli {

/// An order as it was seen when it ended.
struct EndedOrder {
    SnapshotsOfPairView pair;
    std::chrono::milliseconds took{0};
};

/// Asks again and again until the archiver has ended the order, and shows how far it is. Failures:
/// `timed_out`; `failed`, with what the archiver says.
[[nodiscard]] Answer<EndedOrder> wait_for_order(Session& session, const std::string& pair,
                                                const std::string& work, const std::string& id);

/// "copying, 40 MiB of 118 MiB"
[[nodiscard]] std::string show_step(const SnapshotJobView& job);

} // namespace lockstep::cli
