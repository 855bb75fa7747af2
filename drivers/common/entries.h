#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "platform/deadline.h"

/// Filling and emptying a data folder that may be a mount point.
namespace lockstep {

/// Errors: `unreachable` if there is no such folder, `refused` otherwise.
[[nodiscard]] Result<std::vector<std::filesystem::path>>
entries_of(const std::filesystem::path& folder);
/// The same of a folder that may not be there yet: then it holds nothing.
[[nodiscard]] Result<std::vector<std::filesystem::path>>
entries_if_there(const std::filesystem::path& folder);

/// Removes all entries but `but`, following no links; blocks.
[[nodiscard]] Result<void> remove_entries(const std::filesystem::path& folder, std::string_view but,
                                          Deadline deadline);

/// In the data folder while it is being filled: what is there is worth nothing yet.
inline constexpr std::string_view incomplete_marker = "lockstep_incomplete";

/// Where a tool may put what is to become the content of `data_folder`.
[[nodiscard]] std::filesystem::path filling_folder(const std::filesystem::path& data_folder);

/// Makes the data folder, if it is not there, and puts the marker into it: what is in it is
/// worth nothing until the marker is gone.
[[nodiscard]] Result<void> prepare_filling(const std::filesystem::path& data_folder);

/// Moves all entries of `from` into `to` and removes `from`, durably.
[[nodiscard]] Result<void> move_up(const std::filesystem::path& from,
                                   const std::filesystem::path& to);

} // namespace lockstep
