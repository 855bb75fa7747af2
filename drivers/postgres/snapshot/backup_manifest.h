#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "drivers/postgres/lsn.h"

namespace lockstep::postgres {

/// What pg_basebackup's backup_manifest says. Source: PostgreSQL 15 manual, 77 "Backup Manifest
/// Format".
struct BackupManifest {
    struct File {
        std::uint64_t bytes = 0;
        std::uint32_t crc32c = 0;
    };
    /// Log that the backup needs to be consistent.
    struct Range {
        Timeline timeline = 0;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    std::map<std::string, File> files; // By path below the data folder.
    std::vector<Range> ranges;         // The oldest first; never empty.

    [[nodiscard]] std::uint64_t bytes() const;
};

/// Errors: `corrupt`, also if its own checksum differs.
[[nodiscard]] Result<BackupManifest> parse_backup_manifest(std::string_view text);

} // namespace lockstep::postgres
