#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/record.h"

namespace lockstep {

enum class Role {
    primary,
    standby,
    none, // No longer a member, or nobody to follow yet: no server process runs.
};

[[nodiscard]] std::string_view to_string(Role role);

/// The whole of what a member should be at one revision. A pure function of the record (R7), so
/// controller and agent compute the same, and the record is all that travels.
struct Goal {
    Revision revision{};
    Epoch epoch{};
    Role role = Role::none;
    bool form = false;            // Primary of a pair that never served: may be made from nothing.
    std::optional<Origin> origin; // With `form`: made from a snapshot instead.
    bool archive = false;  // It takes the pair's snapshots and keeps its log: one member at a time.
    bool promote = false;  // Primary of an epoch that has not served yet: promotes itself.
    bool may_lack = false; // With `promote`: an operator accepted that it lacks commits.
    bool hand_over = false; // Primary while it is to be switched over from: stops cleanly.
    bool take_over = false; // Standby while it is to be switched over to: says at once what it has.
    bool prove = false; // Primary while a standby is let in: sees the engine hold a commit, takes
                        // the barrier.
    bool hold_replay = false;     // Standby while it is let in: holds replay for that proof.
    bool data_protected = false;  // R10: its data may not be replaced.
    bool rebuild_allowed = false; // Its data may be replaced, after R8's copy.
    std::string sync_name; // Primary: whom commits wait for. Standby: the name it streams under.
    std::optional<Member> upstream; // Standby: whom it follows.
    std::vector<Member> peers;      // All other members: who may replicate, whose slots are kept.
    friend bool operator==(const Goal&, const Goal&) = default;
};

/// Who takes the pair's snapshots and keeps its log: the standby, so that the primary does not feel
/// it, if it has all that is committed; else the primary. Empty before the pair has served.
[[nodiscard]] MemberId archiver_of(const PairRecord& record);

/// Total: a member that the record does not know has role `none`.
[[nodiscard]] Goal goal_for(const PairRecord& record, const MemberId& member);

} // namespace lockstep
