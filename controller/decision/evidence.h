#pragma once

#include <cstdint>
#include <string>

#include "controller/decision/view.h"
#include "core/record.h"

/// What counts as evidence, row by row of DESIGN.md 5. Pure.
namespace lockstep {

/// "1.5 s", "64 MB"
[[nodiscard]] std::string seconds(Milliseconds span);
[[nodiscard]] std::string in_megabytes(std::uint64_t bytes);

/// What `id`'s agent says, if its stream is open and was heard within `dead_after`; else null.
[[nodiscard]] const Observation* heard(const PairRecord& record, const View& view,
                                       const MemberId& id);

/// Silent for so long that nobody waits for it any more (twice `dead_after`).
[[nodiscard]] bool long_silent(const PairRecord& record, const View& view, const MemberId& id);

/// The observation is of the very data that the record knows (R11).
[[nodiscard]] bool same_data(const PairRecord& record, const Observation& told);

/// A failure, or what comes nearest to one.
struct Failure {
    bool certain = false;
    std::string words;  // Empty: nothing suspicious.
    bool doubt = false; // Not certain, and an operator should look: why nothing is decided.
};

[[nodiscard]] Failure primary_failure(const PairRecord& record, const View& view);
[[nodiscard]] Failure standby_failure(const PairRecord& record, const View& view,
                                      const MemberId& standby);

/// A standby that runs, and not as of the start to which its promise, or its grant, belongs.
[[nodiscard]] bool promise_ended(const PairRecord& record, const Observation& told);

/// Why the in-sync standby may not be promoted now; empty: it may.
[[nodiscard]] std::string promotion_hindrance(const PairRecord& record, const View& view,
                                              const MemberId& standby);

/// R13: who lowered R1 and how; empty: nobody did.
[[nodiscard]] std::string lowering(const PairRecord& record, const View& view,
                                   const MemberId& standby);

[[nodiscard]] Timings timings_for(const PairRecord& record);
/// Null: nothing is known of it.
[[nodiscard]] const MemberView* member_view(const View& view, const MemberId& id);

/// It is a primary that lets clients in. One behind its shut door serves nobody (R9).
[[nodiscard]] bool serves_clients(const Observation& told);

/// Its disk has no room, nor a ballast left to release; and that in words.
[[nodiscard]] bool is_full(const Observation& told);
[[nodiscard]] std::string how_full(const Observation& told);
/// " since 3.1 s (no answer yet)"
[[nodiscard]] std::string silence_of(const Probe& probe);
/// What a standby's own agent says is wrong with it; empty: nothing.
[[nodiscard]] std::string own_trouble(const Timings& timings, const Observation& told);

/// How long a standby must have streamed without a break before it is let in again: nothing after
/// its first loss, then `clean_stream_after`, doubling up to ten minutes.
[[nodiscard]] Milliseconds clean_stream_needed(const PairRecord& record, std::int64_t unix_ms);

} // namespace lockstep
