#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/result.h"
#include "drivers/overseer.h"

/// A copied data folder, packed as one archive, with a list of what is in it. All of it blocks.
namespace lockstep::mysql {

inline constexpr std::string_view data_archive = "base.tar.zst";
inline constexpr std::string_view data_manifest = "manifest";
inline constexpr std::string_view settings_file = "settings.cnf";
inline constexpr std::string_view position_file = "position";

/// Every file of the packed folder.
struct DataManifest {
    struct File {
        std::uint64_t bytes = 0;
        std::string sha256;
        friend bool operator==(const File&, const File&) = default;
    };
    std::map<std::string, File> files; // By the path in the folder.
    [[nodiscard]] std::uint64_t bytes() const;
    friend bool operator==(const DataManifest&, const DataManifest&) = default;
};
/// A line each: SHA-256, bytes, path.
[[nodiscard]] std::string render_manifest(const DataManifest& manifest);
/// Errors: `corrupt`, naming the line.
[[nodiscard]] Result<DataManifest> parse_manifest(std::string_view text);
/// Of a snapshot's folder. Errors: `refused`, naming the file.
[[nodiscard]] Result<DataManifest> read_manifest(const std::filesystem::path& snapshot);

/// Packs the folder `from` into the snapshot's folder `to`: archive and manifest, fsynced. Entries
/// at the top of which `leave_out` says so are left out. Errors: `refused`; `unsupported` if there
/// is something else in it than files and folders.
using LeaveOut = std::function<bool(const std::string& name)>;
[[nodiscard]] Result<DataManifest> pack_data(const std::filesystem::path& from,
                                             const std::filesystem::path& to,
                                             const LeaveOut& leave_out, Oversight& oversight);

/// Compares what is packed with the manifest. Errors: `refused`, naming the archive and the file in
/// it.
[[nodiscard]] Result<void> check_data(const std::filesystem::path& snapshot,
                                      const DataManifest& manifest, Oversight& oversight);
/// The same, unpacking it into the folder `to`.
[[nodiscard]] Result<void> unpack_data(const std::filesystem::path& snapshot,
                                       const DataManifest& manifest,
                                       const std::filesystem::path& to, Oversight& oversight);

} // namespace lockstep::mysql
