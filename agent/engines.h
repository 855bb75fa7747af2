#pragma once

#include <memory>

#include "agent/config.h"
#include "agent/identity.h"
#include "drivers/driver.h"

/// The engines that an agent can be for. Here alone concrete drivers are named.
namespace lockstep {

/// Errors: `refused`: what the engine's driver does not take from the agent's file.
[[nodiscard]] Result<void> check_database(const AgentConfig& config, const Identity& identity);
/// Errors: `refused`: which program is missing in bin_dir, or that the agent runs as root.
[[nodiscard]] Result<void> check_installation(const AgentConfig& config);
/// `config` has passed check_database().
[[nodiscard]] std::unique_ptr<Driver>
make_driver(asio::any_io_executor executor, const AgentConfig& config, const Identity& identity);

} // namespace lockstep
