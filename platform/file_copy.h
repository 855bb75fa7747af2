#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/result.h"

namespace lockstep {

/// So many more bytes were read. Returns whether to go on.
using OnChunk = std::function<bool(std::uint64_t bytes)>;

/// SHA-256 of a file's content, hexadecimal, read from the storage rather than from memory where
/// the system lets go of it. Errors: `unreachable` if there is no such file, `refused` with the
/// system's reason, `conflict` if `on_chunk` said no.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& file,
                                                 const OnChunk& on_chunk = {});

/// Copies a file so that `to` holds all of it on stable storage, or is as it was: temporary name
/// beside it, fsync, rename, fsync of the folder. Returns the SHA-256 of what was read. Errors: as
/// above, and `refused` if there is no room (nothing is left then).
[[nodiscard]] Result<std::string> copy_file_durably(const std::filesystem::path& from,
                                                    const std::filesystem::path& to,
                                                    const OnChunk& on_chunk = {});

} // namespace lockstep
