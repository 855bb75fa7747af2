#pragma once

#include <string>
#include <vector>

#include "controller/agent_hub.h"
#include "core/record.h"

namespace lockstep {

/// A member as its agent introduced itself. Errors: `refused` if it is not connected or has
/// another engine.
[[nodiscard]] Result<Member> member_of_agent(const KnownAgent& agent, MemberKind kind,
                                             const std::string& engine);

/// What the members of a pair would be lost together with, a sentence for each.
[[nodiscard]] std::vector<std::string> shared_fates(const PairRecord& record);

} // namespace lockstep
