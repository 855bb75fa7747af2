#pragma once

#include <vector>

#include "snapshots/decision/window.h"

namespace lockstep::snapshots {

/// How much was written when, as the log that was kept tells it: in bytes of the repository. What
/// lies between a piece's last commit and that of the piece before it is spread evenly over that
/// time; a piece without a commit goes with the next one that has one. In order of time; only half
/// hours that are covered whole by log without a gap, so that a silent archiver does not pass for a
/// quiet pair.
[[nodiscard]] std::vector<WriteSample> write_samples(const std::vector<LogSegment>& log);

/// When the least is written, in words and figures for an operator.
[[nodiscard]] WindowAdvice advise_window(const std::vector<LogSegment>& log, const TimeZone& zone,
                                         const BackupWindow& present);

} // namespace lockstep::snapshots
