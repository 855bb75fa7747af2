#pragma once

#include <filesystem>

#include "core/policy.h"

namespace lockstep {

/// What a guardian guards, and by what it hears of its agent.
struct GuardianPlan {
    std::filesystem::path page;   // GuardPage
    std::filesystem::path data;   // The server's.
    std::filesystem::path ticket; // Removed when the server is dead and the agent does not do it.
    Milliseconds agent_lost_after{30000};
    std::filesystem::path cgroup; // The server's; empty: it has none of its own.
};

/// A process of its own that owns nothing but the fence and its timer (R6), so that the rule holds
/// when the agent hangs. Returns the exit status, once another guardian is in charge or nothing is
/// left to guard.
[[nodiscard]] int run_guardian(const GuardianPlan& plan);

} // namespace lockstep
