#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "snapshots/decision/catalogue.h"

namespace lockstep::snapshots {

/// What is to be restored for a proof.
struct Verification {
    std::string snapshot;
    RestoreTarget target; // None: the end of all log.
    friend bool operator==(const Verification&, const Verification&) = default;
};

/// The newest sound automated snapshot, if nobody has proven it yet. Half of the proofs end with
/// the log, the others at some time that can be restored from it: `draw` (any number) says where.
/// `latest_unix_ms`: the latest restorable time.
[[nodiscard]] std::optional<Verification>
verification_due(const Catalogue& catalogue, std::optional<std::int64_t> latest_unix_ms,
                 std::uint64_t draw);

} // namespace lockstep::snapshots
