#pragma once

#include <optional>
#include <string>

#include "core/record.h"
#include "core/wire/messages.h"

namespace lockstep {

/// What an agent makes of something it was told (R7).
enum class Verdict {
    newer,         // A higher revision: written to disk, then acted on.
    same,          // What it holds already.
    nothing_held,  // The controller knows no pair for this member, and neither does the agent.
    withdrawn,     // The controller knows no pair for it any more; the agent keeps what it holds.
    not_for_me,    // A record that does not know this member.
    older,         // A lower revision: refused.
    conflicting,   // An equal revision that says something else: refused, alarm.
    foreign_store, // Another store: refused, an operator must decide.
};

struct OrderJudgement {
    Verdict verdict = Verdict::older;
    std::string because; // For an operator; empty where nothing is wrong.
};

/// What the agent holds on disk.
struct Held {
    MemberId self;
    std::string store_id; // Pinned when it joined.
    std::optional<PairRecord> record;
};

/// Pure and total. Only revisions order what is told, never terms or times.
[[nodiscard]] OrderJudgement judge_told(const Held& held, const wire::Told& told);

/// Whether what was told besides the record (the zone, that a controller is there) may be used.
[[nodiscard]] bool is_current(Verdict verdict);
/// Whether an operator must be called.
[[nodiscard]] bool is_alarm(Verdict verdict);

} // namespace lockstep
