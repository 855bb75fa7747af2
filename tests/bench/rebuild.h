#pragma once

#include <cstddef>

namespace lockstep::bench {

struct RebuildOptions {
    std::size_t data_mib = 1500;
    std::size_t rounds = 1;
    bool json = false;
};

/// How long MariaDB's standby takes to be made anew, by mariadb-backup and by a dump, in turns, and
/// what commits on the primary notice of it. Returns the exit status.
[[nodiscard]] int measure_rebuild(const RebuildOptions& options);

} // namespace lockstep::bench
