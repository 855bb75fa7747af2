#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace lockstep::cli {

/// The whole program but for `main`: reads the command line (without the program's name), runs
/// the verb, prints a failure, returns the exit status.
[[nodiscard]] int run_program(std::vector<std::string> arguments, Environment& environment);

} // namespace lockstep::cli
