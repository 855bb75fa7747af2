#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/finding.h"
#include "core/ids.h"
#include "core/result.h"

namespace lockstep::mysql {

using Settings = std::vector<std::pair<std::string, std::string>>;

enum class Flavour { mysql, mariadb };

/// What the database shows to its peers, and by what it knows them (DECISIONS.md 5). The
/// certificate names the member in CN: it is the server's for clients and peers, and the client's
/// when this member streams from another.
struct Certificates {
    std::filesystem::path ca;
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// What a standby has done with a transaction before it acknowledges it.
enum class Durability {
    flush,   // Written to the relay log and flushed: kept through a loss of power.
    receive, // Written to the relay log: kept through a crash of the server, not of the machine.
};

/// Where one MySQL or MariaDB server lives and how it shall run besides what the ticket decides.
struct Config {
    MemberId member;
    Flavour flavour = Flavour::mariadb;
    std::filesystem::path bin_dir; // Of the server and its tools: /usr/sbin, /usr/bin or a prefix.
    std::filesystem::path data_dir;
    std::filesystem::path run_dir;  // The ticket's folder and the Unix socket: a tmpfs.
    std::filesystem::path log_file; // Of the server; empty: `<run_dir>/<member>.log`.
    std::string address;            // Where it listens, for clients and peers.
    std::uint16_t port = 3306;
    Certificates tls;
    Settings settings; // The user's own settings, before Lockstep's.
    Durability durability = Durability::flush;
    std::uint32_t binlog_keep_seconds = 7 * 24 * 3600; // For standbys that were away.
    std::uint32_t rebuild_most_megabytes = 0; // A second, of a clone; 0: as fast as it can.
};

/// All at once: settings that Lockstep manages (named), values that would not stay one line, a
/// socket path or a member's name that is too long (MySQL: 16 characters, because the account that
/// is made for a grant holds it).
[[nodiscard]] Findings config_findings(const Config& config);
/// Errors: `refused` with all findings, a line each.
[[nodiscard]] Result<void> check(const Config& config);

} // namespace lockstep::mysql
