#pragma once

#include <filesystem>
#include <string_view>

#include <sys/types.h>

#include "core/result.h"

namespace lockstep {

/// Replaces a file at once, whole or not at all, for readers; not durably: for files that are
/// written anew before each start. Returns whether its content changed. Errors: `refused`.
[[nodiscard]] Result<bool> replace_file(const std::filesystem::path& path, std::string_view content,
                                        mode_t mode);

} // namespace lockstep
