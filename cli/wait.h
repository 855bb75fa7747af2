#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/session.h"
#include "cli/views.h"

namespace lockstep::cli {

/// A pair as it was seen when a wait ended.
struct Waited {
    PairView pair;
    std::string body; // The same as JSON.
    std::chrono::milliseconds took{0};
};

/// Looks at the pair: nothing while the work goes on, success, or why it failed.
using Judge = std::function<std::optional<Answer<void>>(const PairView&)>;

/// Asks again and again how the pair is, shows it as progress, and ends when `judge` does. A
/// controller that is away meanwhile is waited for. Failures: `timed_out`, saying what the pair
/// was at; what `judge` says; the pair is gone.
[[nodiscard]] Answer<Waited> wait_for_pair(Session& session, const std::string& pair,
                                           std::chrono::milliseconds patience, const Judge& judge);

} // namespace lockstep::cli
