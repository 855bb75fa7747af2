#pragma once

#include <filesystem>
#include <string_view>

#include "core/result.h"

/// The relay logs of a standby that cannot replay them.
namespace lockstep::mysql {

/// Links each relay log of the data folder, and their list, to a name that the server does not
/// remove: `lockstep_kept_relay.000002`, or, if that is another file's from before, the same with
/// `.2`, `.3` and so on. What is kept already is not kept twice. Needs no room.
[[nodiscard]] Result<void> keep_relay_logs(const std::filesystem::path& data_dir);

/// Whether an error of the engine, by its number and its words, says that it cannot read its relay
/// logs.
[[nodiscard]] bool cannot_read_relay_logs(std::string_view number, std::string_view words);

} // namespace lockstep::mysql
