#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace lockstep {

/// What /proc/PID/stat says of a process. Internal to platform/.
struct ProcessStat {
    char state = '?';
    pid_t parent = 0;
    std::uint64_t start_ticks = 0;
    std::uint64_t threads = 0;
    /// A zombie, or on the way from there, and no other thread of it is left: it runs no code any
    /// more, and holds no file. A killed server's first thread is often gone before the others.
    [[nodiscard]] bool dead() const { return (state == 'Z' || state == 'X') && threads <= 1; }
};

/// Nothing if there is no such process.
[[nodiscard]] std::optional<ProcessStat> read_stat(pid_t pid);

} // namespace lockstep
