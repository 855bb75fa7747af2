#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "core/result.h"
#include "drivers/common/zstd_file.h"

/// A folder whose files are all finished, with a list of their SHA-256 that was written last:
/// without the list it is half made. The list is in the format of `sha256sum -c`.
namespace lockstep {

inline constexpr std::string_view seal_name = "SHA256SUMS";

/// Reads every file of `folder` back, and writes the list. `look` is called for each piece read.
/// Blocks.
/// Errors: `refused`, or what `look` returned.
[[nodiscard]] Result<void> seal_folder(const std::filesystem::path& folder, const TakeBytes& look);
/// Compares every byte of every file with the list. Blocks. Errors: `refused`, naming the file
/// that is missing, cut off or changed; or what `look` returned.
[[nodiscard]] Result<void> check_seal(const std::filesystem::path& folder, const TakeBytes& look);

} // namespace lockstep
