#include "snapshots/decision/pair_deletion.h"

namespace lockstep::snapshots {
namespace {

/// A choice that cannot be taken back is never made for somebody, nor guessed.
std::string ask_for_choice(const PairDeletion& deletion) {
    const auto known =
        deletion.repository == PairDeletion::Repository::there
            ? "pair " + deletion.pair + " has a repository for snapshots"
            : "whether pair " + deletion.pair + " has a repository for snapshots is not known now";
    return known + ": say --final-snapshot NAME to have a last one taken before it is deleted, or "
                   "--skip-final-snapshot";
}

} // namespace

std::string why_protected(const PairName& pair) {
    return "pair " + pair + " is protected from deletion: `lockstep pair unprotect " + pair +
           "` takes that away, then delete it";
}

Result<void> may_delete_pair(const PairDeletion& deletion) {
    if (deletion.protected_from_deletion) {
        return fail(Errc::refused, why_protected(deletion.pair));
    }
    const bool final_wanted = !deletion.final_snapshot.empty();
    if (final_wanted && deletion.skip_final) {
        return fail(Errc::refused, "a final snapshot of pair " + deletion.pair +
                                       " and none at the same time: say one of "
                                       "--final-snapshot NAME and --skip-final-snapshot");
    }
    if (deletion.repository == PairDeletion::Repository::none) {
        return final_wanted ? fail(Errc::refused,
                                   "no final snapshot of pair " + deletion.pair +
                                       " can be taken: it has no repository, or never served. "
                                       "Say --skip-final-snapshot to delete it without one")
                            : Result<void>{};
    }
    if (!final_wanted && !deletion.skip_final) {
        return fail(Errc::refused, ask_for_choice(deletion));
    }
    return {};
}

} // namespace lockstep::snapshots
