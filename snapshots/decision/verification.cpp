#include "snapshots/decision/verification.h"

namespace lockstep::snapshots {

std::optional<Verification> verification_due(const Catalogue& catalogue,
                                             std::optional<std::int64_t> latest_unix_ms,
                                             std::uint64_t draw) {
    const Snapshot* newest = nullptr;
    for (const auto& snapshot : catalogue.snapshots) {
        if (snapshot.kind == SnapshotKind::automated && sound(snapshot) &&
            (newest == nullptr || snapshot.begun_unix_ms > newest->begun_unix_ms)) {
            newest = &snapshot;
        }
    }
    if (newest == nullptr || newest->proof >= SnapshotProof::restored) {
        return std::nullopt;
    }
    Verification due{newest->id, {}};
    const auto from = newest->end_unix_ms;
    if (draw % 2 == 1 && from > 0 && latest_unix_ms && *latest_unix_ms > from) {
        const auto span = static_cast<std::uint64_t>(*latest_unix_ms - from);
        due.target.unix_ms = from + static_cast<std::int64_t>((draw / 2) % span);
    }
    return due;
}

} // namespace lockstep::snapshots
