#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snapshots/decision/chains.h"

namespace lockstep::snapshots {

/// Log that is missing: from `from` (excluded) to `to` (included) on the way to `history`.
struct Gap {
    std::string system_id;
    History history;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::int64_t after_unix_ms = 0;  // The last commit before it; 0: not known.
    std::int64_t before_unix_ms = 0; // The first commit that is there again; 0: not known.
    friend bool operator==(const Gap&, const Gap&) = default;
};
/// "log 4096 to 8192 of history 1 is missing (between 2026-… and 2026-…)"
[[nodiscard]] std::string in_words(const Gap& gap);

/// What can be reached from one snapshot on one way.
struct Span {
    const Snapshot* snapshot = nullptr;
    int life = -1;
    std::int64_t from_unix_ms = 0;    // Every time from here …
    std::int64_t to_unix_ms = 0;      // … to here, both included.
    std::int64_t perhaps_unix_ms = 0; // No later one can be, though it may be there.
    std::uint64_t from = 0;           // The same as places on the way.
    std::uint64_t to = 0;
};
/// Nothing if it is damaged, does not lie on the way, or lacks log that makes it consistent.
[[nodiscard]] std::optional<Span> span_of(const Chains& chains, const Snapshot& snapshot, int life);
/// Of every snapshot on every way.
[[nodiscard]] std::vector<Span> spans_of(const Chains& chains);
/// Why it cannot be restored to its own end; empty: it can.
[[nodiscard]] std::string why_not_restorable(const Chains& chains, const Snapshot& snapshot);

/// The holes on the way to `life` from `from` on; what comes after the last piece is none.
[[nodiscard]] std::vector<Gap> gaps_after(const Chains& chains, int life, std::uint64_t from);

/// Which life was the pair's at a time (RDS_R11).
///
/// The first one that has a commit at or after it: what followed it began later, and what was
/// acknowledged until then is on its way alone. A time in which a parent went on after the fork,
/// but nothing is left of that, belongs to nobody: the child would answer with the state of the
/// fork.
struct Lived {
    int life = -1;
    std::string nobodys; // Why it is nobody's; empty: it is this life's.
};
[[nodiscard]] Lived life_at(const Chains& chains, std::int64_t unix_ms);
/// Why the time is nobody's, as seen from a life that came later; empty: it is not.
[[nodiscard]] std::string nobodys_time(const Chains& chains, int life, std::int64_t unix_ms);
/// The first commit that is proven to be on the way to `life` after it left `ancestor`, and later
/// than all that is there of the ancestor's own; nothing if that did not go on.
[[nodiscard]] std::optional<std::int64_t> birth_after(const Chains& chains, int life, int ancestor);

/// Which times can be restored, as far as one answer goes.
struct Restorable {
    std::optional<std::int64_t> earliest_unix_ms;
    /// On the present life: that of the last commit that is in the repository without a gap from
    /// a sound snapshot on.
    std::optional<std::int64_t> latest_unix_ms;
    std::string latest_from;       // The snapshot.
    Position latest_at;            // The place of the latest time.
    std::optional<Gap> stopped_by; // There is log after the latest time that cannot be reached.
    std::vector<Gap> gaps;         // All holes on the present way from the earliest snapshot on.
};
[[nodiscard]] Restorable restorable(const Chains& chains);

} // namespace lockstep::snapshots
