#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/result.h"
#include "drivers/common/zstd_file.h"

namespace lockstep::mysql {

/// Compares every event of a whole log file with its checksum, if it has them, and that nothing
/// follows the last one. `look` is called for each piece read. Blocks. Errors: `refused`, naming
/// the file and the place in it; or what `look` returned.
[[nodiscard]] Result<void> check_log_file(const std::filesystem::path& file, const TakeBytes& look);

/// CRC-32 as Ethernet's and zlib's.
[[nodiscard]] std::uint32_t crc32_of(std::string_view bytes);

} // namespace lockstep::mysql
