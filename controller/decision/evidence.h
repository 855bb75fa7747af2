#pragma once

#include <cstdint>
#include <string>

#include "controller/decision/view.h"
#include "core/record.h"

/// What counts as evidence, row by row of DESIGN.md 5. Pure.
namespace lockstep {

/// "1.5 s"
[[nodiscard]] std::string seconds(Milliseconds span);

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
    std::string words; // Empty: nothing suspicious.
};

[[nodiscard]] Failure primary_failure(const PairRecord& record, const View& view);
[[nodiscard]] Failure standby_failure(const PairRecord& record, const View& view,
                                      const MemberId& standby);

/// Why the in-sync standby may not be promoted now; empty: it may.
[[nodiscard]] std::string promotion_hindrance(const PairRecord& record, const View& view,
                                              const MemberId& standby);

/// R13: who lowered R1 and how; empty: nobody did.
[[nodiscard]] std::string lowering(const PairRecord& record, const View& view,
                                   const MemberId& standby);

/// How long a standby must have streamed without a break before it is let in again: nothing after
/// its first loss, then `clean_stream_after`, doubling up to ten minutes.
[[nodiscard]] Milliseconds clean_stream_needed(const PairRecord& record, std::int64_t unix_ms);

} // namespace lockstep
