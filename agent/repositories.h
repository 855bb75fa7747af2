#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "agent/config.h"
#include "core/finding.h"
#include "snapshots/repository.h"

namespace lockstep {

using MakeRepository = std::function<std::unique_ptr<snapshots::Repository>(const PairName&)>;

/// Each pair's part of the repository that the agent's file names. Empty: it names none.
[[nodiscard]] MakeRepository make_repositories(const AgentConfig& config);

/// What is wrong with it, seen from this host by this user; blocks for 20 s at most.
[[nodiscard]] Findings repository_findings(const AgentConfig& config);

} // namespace lockstep
