#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"

namespace lockstep::mysql {

/// What only the database itself knows, noted beside it in a file of the data folder for when no
/// server runs: which database it is a copy of, its history as it was seen last, and, after a copy
/// that brought no binary log along (MySQL), the transactions in it that no log file tells.
struct DataNote {
    std::string system_id;
    std::string history;
    std::string before_log;
    friend bool operator==(const DataNote&, const DataNote&) = default;
};

[[nodiscard]] std::string render_note(const DataNote& note);
/// Errors: `corrupt`.
[[nodiscard]] Result<DataNote> parse_note(std::string_view text);
/// Errors: `unreachable` if there is none, `corrupt`, `refused`.
[[nodiscard]] Result<DataNote> read_note(const std::filesystem::path& data_dir);
/// Durably, unless it says the same already.
[[nodiscard]] Result<void> write_note(const std::filesystem::path& data_dir, const DataNote& note);

} // namespace lockstep::mysql
