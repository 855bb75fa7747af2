#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/finding.h"
#include "core/ids.h"
#include "core/result.h"

namespace lockstep::postgres {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// What the database shows to its peers, and by what it knows them (DECISIONS.md 5). The
/// certificate names the member in CN and as a DNS name: it is the server's for clients and
/// peers, and the client's when this member streams from another.
struct Certificates {
    std::filesystem::path ca;
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// Where one PostgreSQL server lives and how it shall run besides what the ticket decides.
struct Config {
    MemberId member;
    std::filesystem::path bin_dir;
    std::filesystem::path data_dir;
    std::filesystem::path run_dir;  // Ticket, its rules of access, and the Unix socket: a tmpfs.
    std::filesystem::path log_file; // Of the server; empty: `<run_dir>/<member>.log`.
    std::string address;            // Where it listens, for clients and peers.
    std::uint16_t port = 5432;
    Certificates tls;
    std::vector<std::string> hba;           // The user's own rules of access, after Lockstep's.
    Settings settings;                      // The user's own settings, before Lockstep's.
    std::uint32_t wal_keep_megabytes = 512; // Kept for a standby that has no slot yet.
    std::uint32_t slot_keep_most_megabytes = 8192; // The most that a slot may hold back.
    std::uint32_t rebuild_most_megabytes = 0;      // A second, of a clone; 0: as fast as it can.
};

/// All at once: settings that Lockstep manages (named), names, values or rules that would not stay
/// one line, a socket path that is too long.
[[nodiscard]] Findings config_findings(const Config& config);
/// Errors: `refused` with all findings, a line each.
[[nodiscard]] Result<void> check(const Config& config);

} // namespace lockstep::postgres
