#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "drivers/overseer.h"
#include "drivers/postgres/snapshot/backup_manifest.h"

/// The files that a snapshot consists of. All of it blocks.
namespace lockstep::postgres {

inline constexpr std::string_view base_archive = "base.tar.zst";
inline constexpr std::string_view log_archive = "pg_wal.tar.zst";
inline constexpr std::string_view manifest_file = "backup_manifest";
inline constexpr std::string_view settings_file = "settings.conf";

/// Errors: `refused`, naming the file.
[[nodiscard]] Result<BackupManifest> read_backup_manifest(const std::filesystem::path& snapshot);

/// Compares what is packed in the snapshot's archive of the data with the manifest that the server
/// made when it read it. Errors: `refused`, naming the archive and the file in it.
[[nodiscard]] Result<void> check_base(const std::filesystem::path& snapshot,
                                      const BackupManifest& manifest, Oversight& oversight);

/// Under what name pg_control lies until everything else is in its place: no server starts
/// without it.
inline constexpr std::string_view unready_control = "global/pg_control.restoring";
/// The same, unpacking it into the folder `to`, pg_control under that name. Then the log into
/// `to`/pg_wal.
[[nodiscard]] Result<void> unpack(const std::filesystem::path& snapshot,
                                  const BackupManifest& manifest, const std::filesystem::path& to,
                                  Oversight& oversight);

/// What the log in a pg_basebackup's pg_wal.tar comes to.
struct PackedLog {
    std::optional<std::int64_t> last_commit_us; // Of those that end at or before `end`.
};
/// Packs pg_wal.tar of the folder as `log_archive`. Errors: `refused` if the log does not go from
/// the manifest's begin to its end without a gap.
[[nodiscard]] Result<PackedLog> pack_log(const std::filesystem::path& folder,
                                         const BackupManifest& manifest);

} // namespace lockstep::postgres
