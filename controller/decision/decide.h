#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/decision/facts.h"
#include "controller/decision/rules.h"
#include "core/event.h"
#include "core/record.h"

namespace lockstep {

/// What the controller shall do now about one pair.
struct Decision {
    Phase phase = Phase::forming; // As shown: may be `stranded`.
    const Rule* rule = nullptr;   // Never null in what decide() returns.
    Action action = Action::stay;
    std::string because;            // Why, evidence included, in words.
    std::optional<PairRecord> next; // To be swapped in for the record decided upon (its
                                    // revision is the store's to give). Empty: no change.
    std::vector<Event> events;      // To be stored with `next`.
    bool may_start_primary = false; // R5: under this very record, its primary may be started.
    bool alarm = false;             // An operator is needed.
};

/// Pure and total: no I/O, no clock, no randomness (R2, R3, R4, R10–R13 are decided here).
[[nodiscard]] Decision decide(const PairRecord& record, const View& view);

/// The record that follows from an action: one place for what each swap means.
[[nodiscard]] PairRecord apply(Action action, const PairRecord& record, const Assessment& seen,
                               const View& view);

} // namespace lockstep
