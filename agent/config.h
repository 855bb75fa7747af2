#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/finding.h"
#include "core/ids.h"
#include "core/policy.h"
#include "platform/config.h"

namespace lockstep {

/// What a standby has done with a commit before the primary acknowledges it.
enum class Durability {
    flush,   // It is on the standby's disk: kept through a loss of power.
    receive, // The standby has it: kept through a crash of its server, not of its machine.
};

/// The database beside the agent, as the file has it; the driver gives it a meaning.
struct DatabaseConfig {
    std::string engine; // A driver's name, and that of its table in the file: "postgresql".
    std::filesystem::path bin_dir;
    std::filesystem::path data_dir;
    std::uint16_t port = 0;
    std::vector<std::string> hba; // The user's own rules, added after Lockstep's; PostgreSQL only.
    Durability durability = Durability::flush; // Not PostgreSQL, which always flushes.
    std::vector<std::pair<std::string, std::string>> settings;
};

/// Where snapshots and log are kept: in a folder, or in what rclone reaches; neither: nowhere.
struct RepositoryConfig {
    std::filesystem::path folder;
    std::string remote; // rclone's "NAME:PATH".
    std::filesystem::path rclone_config;
    std::filesystem::path scratch_dir; // With a remote.
};

/// Where and how snapshots are proven to be restorable.
struct ProofConfig {
    std::filesystem::path folder; // With room for all of the data; empty: they are not.
    std::filesystem::path script; // Run there by the engine's client; empty: none.
    std::string database;         // In which it is run; empty: the engine's own.
};

/// The agent's file.
struct AgentConfig {
    MemberId name;
    std::string zone;
    std::string host;
    std::string address;
    std::filesystem::path state_dir;
    std::filesystem::path run_dir;
    DatabaseConfig database;
    std::vector<HostPort> dns; // Empty: no name server.
    Milliseconds agent_lost_after = Timings{}.agent_lost_after;
    std::uint64_t ballast_bytes = 64U << 20U; // Held back for a full disk; 0: none.
    std::uint32_t divergence_keep_days = 30;
    std::uint32_t rebuild_most_megabytes = 0; // A second; 0: as fast as it can.
    RepositoryConfig repository;
    ProofConfig proof;
};

/// What only the engine's driver knows to be wrong. `key` is below the engine's table; without one
/// it is about the whole table.
using LookAtDatabase = std::function<Findings(const AgentConfig&)>;

/// Errors: `refused` with every mistake as FILE:LINE:COLUMN; `unreachable` if there is no file.
[[nodiscard]] Result<AgentConfig> load_agent_config(const std::filesystem::path& path,
                                                    const LookAtDatabase& look = {});
/// The same from text; `name` stands for the file.
[[nodiscard]] Result<AgentConfig> parse_agent_config(std::string_view text, const std::string& name,
                                                     const LookAtDatabase& look = {});

} // namespace lockstep
