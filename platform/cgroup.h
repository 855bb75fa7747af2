#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/result.h"

namespace lockstep {

/// A control group (v2) below this process's own, in which a server is started: the kernel then
/// kills all of it at once, whatever its processes do and wherever they are. Made once, kept when
/// this process ends. Errors: `unsupported`, saying why this process cannot have one.
[[nodiscard]] Result<std::filesystem::path> make_cgroup(const std::string& name);

/// Asks the kernel to kill every process in it. Errors: `refused`.
[[nodiscard]] Result<void> kill_cgroup(const std::filesystem::path& cgroup);
/// Who is left in it; zombies don't count.
[[nodiscard]] std::vector<pid_t> processes_in_cgroup(const std::filesystem::path& cgroup);

} // namespace lockstep
