#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <sys/types.h>

namespace lockstep::testbed {

/// A program beside this one that removes an installation as soon as this process is gone, however
/// it ended: a killed test run leaves no server behind. It is another program, not a copy of this
/// one, so that threads and sanitizers do not matter; it is told by a pipe that this process ended,
/// and tells by a pipe that it did, so that it does not matter either who reaps it.
class Watchdog {
public:
    /// Throws std::runtime_error if lockstep-watchdog does not lie beside this program.
    explicit Watchdog(const std::vector<std::filesystem::path>& folders);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    /// Removes the installation, unless it was dismissed.
    ~Watchdog();

    [[nodiscard]] pid_t pid() const { return child_; }
    /// Another process to end: one that belongs to no folder.
    void also(pid_t process);
    /// Everything stays as it is.
    void dismiss();

private:
    void tell(const std::string& line) const;
    int to_child_ = -1;
    int from_child_ = -1;
    pid_t child_ = 0;
};

/// Field 22 of /proc/PID/stat, which tells a process from a later one with the same pid; 0: it is
/// gone.
[[nodiscard]] std::uint64_t start_ticks(pid_t pid);

} // namespace lockstep::testbed
