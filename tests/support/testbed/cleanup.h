#pragma once

#include <filesystem>
#include <vector>

#include <sys/types.h>

#include "tests/support/testbed/children.h"

namespace lockstep::testbed {

/// The processes of an installation: those whose program lies in one of its folders, and the
/// database's own programs that work in one. A user's shell that merely stands there is not one.
[[nodiscard]] std::vector<pid_t> processes_of(const std::vector<std::filesystem::path>& folders);

/// Ends every process of an installation, unmounts what is mounted there, removes its folders and
/// the shared memory that killed databases left behind. False if something was left.
[[nodiscard]] bool remove_installation(const std::vector<std::filesystem::path>& folders);

} // namespace lockstep::testbed
