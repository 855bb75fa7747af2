#pragma once

#include <memory>

#include "agent/config.h"
#include "agent/identity.h"
#include "core/finding.h"
#include "drivers/driver.h"
#include "drivers/snapshot_engine.h"

/// The engines that an agent can be for. Here alone concrete drivers are named.
namespace lockstep {

/// Errors: `refused`: what the engine's driver does not take from the agent's file.
[[nodiscard]] Result<void> check_database(const AgentConfig& config, const Identity& identity);
/// What the engine's driver does not take from the agent's file, all at once; `key` tells where.
[[nodiscard]] Findings database_findings(const AgentConfig& config);
/// Which programs are missing in bin_dir.
[[nodiscard]] Findings program_findings(const AgentConfig& config);
/// The distribution's own unit of this engine, if a boot or a package would start it: without the
/// agent, its ticket and its stop. `units` is /etc/systemd/system.
[[nodiscard]] Findings unit_findings(const AgentConfig& config, const std::filesystem::path& units);
/// A server runs on the data folder, whoever started it.
[[nodiscard]] bool server_runs(const AgentConfig& config);
/// What the driver finds on the programs and the server, if it runs. Changes nothing.
[[nodiscard]] Awaitable<Findings> examine_database(AgentConfig config, Deadline deadline);
/// Errors: `refused`: which programs are missing in bin_dir, or that the agent runs as root.
[[nodiscard]] Result<void> check_installation(const AgentConfig& config);
/// `config` has passed check_database().
[[nodiscard]] std::unique_ptr<Driver>
make_driver(asio::any_io_executor executor, const AgentConfig& config, const Identity& identity);

/// Empty: there are no snapshots of this engine yet.
[[nodiscard]] std::unique_ptr<SnapshotEngine> make_snapshot_engine(asio::any_io_executor executor,
                                                                   const AgentConfig& config,
                                                                   const Identity& identity);

} // namespace lockstep
