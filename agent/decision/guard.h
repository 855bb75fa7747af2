#pragma once

#include <optional>
#include <string_view>

#include "core/policy.h"

namespace lockstep {

/// What a guardian knows: what its agent said last, and when. Times are of the boot clock.
struct GuardFacts {
    Milliseconds now{0};
    Milliseconds fed_at{0};            // When the agent last said anything.
    std::optional<Milliseconds> limit; // R6 holds until then; empty: the server needs no fence.
    Milliseconds agent_lost_after{30000};
};

struct GuardVerdict {
    bool fence = false;
    std::string_view because;
};

/// R6 when the agent hangs: must the guardian end the server? A living agent does it itself, and is
/// given a second for it.
[[nodiscard]] GuardVerdict must_fence_for_agent(const GuardFacts& facts);

/// Whether the agent was silent for so long that it counts as lost.
[[nodiscard]] bool agent_is_lost(const GuardFacts& facts);

} // namespace lockstep
