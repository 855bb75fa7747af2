#pragma once

#include <string>

#include "core/ids.h"
#include "core/result.h"

namespace lockstep::snapshots {

/// What an operator said of a pair that is to be deleted, and what is known of it.
struct PairDeletion {
    enum class Repository {
        there,
        none,    // Its archiver has none, or there never was anything to copy.
        unknown, // Its archiver has told nothing yet, or a new primary is to serve first.
    };
    PairName pair;
    bool protected_from_deletion = false;
    Repository repository = Repository::unknown;
    std::string final_snapshot; // Take one first, under this name; empty: none was asked for.
    bool skip_final = false;
};

/// Errors: `refused`, saying how to go on: the pair is protected; where a last snapshot can or
/// could be taken neither it nor its absence was asked for, or both were; none can be taken.
[[nodiscard]] Result<void> may_delete_pair(const PairDeletion& deletion);

/// Why a protected pair is not deleted.
[[nodiscard]] std::string why_protected(const PairName& pair);

} // namespace lockstep::snapshots
