#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"
#include "drivers/mysql/gtid_set.h"

/// mariadb-backup, which copies a running MariaDB's files: what it is told and what it tells.
namespace lockstep::mysql {

/// Its option file: how it reaches the server, without a password.
[[nodiscard]] std::string render_copier_options(const std::filesystem::path& socket,
                                                const std::string& user);
/// The transactions that a copy in `folder` holds. Errors: `refused`, `corrupt`.
[[nodiscard]] Result<GtidSet> copied_position(const std::filesystem::path& folder);
/// "binlog.000001	1232	0-11-5". Errors: `corrupt`.
[[nodiscard]] Result<GtidSet> parse_copied_position(std::string_view text);
/// Whether an entry of a copy is the tool's own note and no data.
[[nodiscard]] bool is_copiers_note(std::string_view name);
/// The file in a line such as `[01] 2026-11-26 07:48:18 Copying ./ibdata1 to /x/ibdata1`; empty: it
/// is no such line.
[[nodiscard]] std::string_view copied_file_in(std::string_view line);
/// The end of what it said: the reason stands there.
[[nodiscard]] std::string last_words_of(const std::string& output);

} // namespace lockstep::mysql
