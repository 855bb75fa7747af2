#pragma once

#include "cli/terminal.h"
#include "cli/wait.h"

namespace lockstep::cli {

/// What a failover or a switchover ends with, for people.
void print_new_primary(const Screen& screen, const Waited& waited);

} // namespace lockstep::cli
