#pragma once

#include <string>

#include "controller/decision/facts.h"
#include "controller/decision/view.h"
#include "core/record.h"

/// Planned switchovers, seen from the controller (DESIGN.md 6). Pure.
namespace lockstep {

/// How far the switchover of this record is, with the evidence in words.
struct SwitchoverSeen {
    Switchover state = Switchover::none;
    std::string words;
};

/// `seen`: what is known of primary and standby besides.
[[nodiscard]] SwitchoverSeen switchover_of(const PairRecord& record, const View& view,
                                           const Assessment& seen);

/// The primary's server is down, or on its way there, because it was told to hand over: for a
/// while that is no failure, so that it can be given back, and is not succeeded by a standby that
/// lacks what it wrote last (F22).
[[nodiscard]] bool stops_on_purpose(const PairRecord& record, const Observation& told);

/// Why the in-sync standby cannot be switched over to now; empty: it can.
[[nodiscard]] std::string switchover_hindrance(const PairRecord& record, const View& view,
                                               const MemberId& standby);

} // namespace lockstep
