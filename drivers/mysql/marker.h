#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

/// F23: the durable file in the data folder that says that a promotion of this data has begun. It
/// is there before the first step that could make the server writable, and goes when the data has
/// become a standby's (clone, rewind).
namespace lockstep::mysql {

inline constexpr const char* promotion_marker = "lockstep_promotion_begun";

/// That this data is a primary's: a server that is started in it by a primary's ticket may write
/// at once. It is there from the beginning or from the end of a promotion on, when everything that
/// the standby had received is applied.
inline constexpr const char* primary_marker = "lockstep_primary";

/// What a standby received under a grant, and had not replayed, may have been thrown away since
/// (MariaDB, when its applier is started anew; both, when relay logs are gone): the account of that
/// grant, or several, parted by a space. Whoever is promoted on what such an account brought would
/// lack acknowledged commits. One that is marked for good (MySQL) harms nobody: each grant has an
/// account of its own, and only who is granted is promoted without accepting a loss.
inline constexpr const char* forgotten_marker = "lockstep_forgotten";

/// Written and flushed, with its folder, when it returns.
[[nodiscard]] Result<void> mark_promotion_begun(const std::filesystem::path& data_dir);
[[nodiscard]] Result<void> mark_primary(const std::filesystem::path& data_dir);
/// It is a standby's from here on: neither marker is left.
[[nodiscard]] Result<void> unmark_promotion(const std::filesystem::path& data_dir);
[[nodiscard]] bool promotion_has_begun(const std::filesystem::path& data_dir);
[[nodiscard]] bool is_primarys(const std::filesystem::path& data_dir);

/// That nothing received as `account` is certain any more.
[[nodiscard]] Result<void> mark_forgotten(const std::filesystem::path& data_dir,
                                          const std::string& account);
/// Errors: `refused` if it is there and cannot be read. Empty: nothing was thrown away.
[[nodiscard]] Result<std::string> forgotten_as(const std::filesystem::path& data_dir);
/// Whether `account` is among those that forgotten_as() names.
[[nodiscard]] bool is_among(std::string_view forgotten, std::string_view account);

} // namespace lockstep::mysql
