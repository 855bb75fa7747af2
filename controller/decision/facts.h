#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "controller/decision/view.h"
#include "core/record.h"

namespace lockstep {

/// How far a planned switchover is.
enum class Switchover : std::uint8_t {
    none,
    under_way,  // The primary prepares, or stops.
    done,       // The primary stopped cleanly, and the standby has all of it (F22).
    failed,     // It cannot be finished, or not in time.
    given_back, // It was given up after the primary had been stopped, which is not up again yet.
};

/// What the table of rules asks, each a plain yes or no.
struct Facts {
    bool halted = false; // R12: an agent knows a higher revision or another store.
    bool paused = false;
    bool force_asked = false;        // An operator accepts a loss.
    bool force_moot = false;         // It was accepted, but the primary serves after all.
    bool failover_asked = false;     // An operator wants the in-sync standby promoted.
    bool removal_asked = false;      // An operator takes the standby, in sync or granted, away.
    bool member_leaves = false;      // An operator takes away a member that nobody counts on.
    bool lowered = false;            // R13: R1 was lowered, or the standby became unfit.
    bool primary_failed = false;     // Its process died, its host is lost, or it stalls.
    bool primary_serves = false;     // It serves in the record's epoch, everything done.
    bool standby_promotable = false; // It is up, the same data, not behind what was seen of it.
    bool standby_unheard = false;    // Not heard, and not yet long enough to call it failed.
    bool standby_failed = false;     // Its process died, its host or its link is lost.
    bool may_go_alone = false;       // Policy: continue without a standby.
    bool candidate_ready = false;    // A member streams the primary's history and has caught up.
    bool grant_overdue = false;      // The standby had long enough to pass the barrier.
    bool past_barrier = false;       // R4.4
    bool renewal_due = false;        // The standby was restarted, and could be let in at once.
    bool in_doubt = false;           // Something is silent or full, and that decides nothing.
    bool away_changed = false;       // A member stays away, or came back: to be noted.
    bool spare_due = false;          // It stayed away too long, and a spare is ready.
    bool former_may_return = false;  // F23: the new primary stood down, never having promoted.
    bool has_promoted = false;       // F23: it was asked to stand down, but had promoted already.
    Switchover switchover = Switchover::none; // That an operator asked for.
    friend bool operator==(const Facts&, const Facts&) = default;
};

/// Facts, whom they are about, and the evidence in words.
struct Assessment {
    Facts facts;
    std::optional<MemberId> candidate;
    std::string candidate_start;   // To which of its starts a grant would belong.
    std::string renewed_start;     // Of the in-sync standby: the one it runs in now.
    std::optional<Away> away;      // To be noted in the record.
    std::optional<MemberId> spare; // Which takes the place of the one that stays away.
    std::string primary_evidence;  // Why the primary counts as failed, or the nearest to it.
    std::string standby_evidence;
    std::string hindrance_evidence; // Why the primary counts as failed, and nobody succeeds it.
    std::string doubt_evidence;     // Why what looks like a failure decides nothing.
    std::string spare_evidence;     // Who is away since when, and who may take its place.
    std::string halt_evidence;
    std::string lowered_evidence;
    std::string candidate_evidence;  // Why there is no candidate, or who it is.
    std::string barrier_evidence;    // What the grant still waits for.
    std::string switchover_evidence; // How far it is, or why it is given up.
};

/// Why `member` may not be granted now; empty: it may (R4.0).
[[nodiscard]] std::string hindrance_of_grant(const PairRecord& record, const View& view,
                                             const Member& member);
/// How well `member` protects from what the primary may meet: another zone counts more than
/// another host.
[[nodiscard]] int protection(const PairRecord& record, const Member& member);
inline constexpr int full_protection = 3;

/// Fills in who is away and which spare may take its place. Only while the primary serves alone.
void assess_spares(const PairRecord& record, const View& view, Assessment& seen);

/// Pure: the same record and view give the same facts.
[[nodiscard]] Assessment assess(const PairRecord& record, const View& view);

} // namespace lockstep
