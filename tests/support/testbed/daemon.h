#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/testbed/children.h"

namespace lockstep::testbed {

/// One of Lockstep's processes, which a test may kill and start again.
class Daemon {
public:
    Daemon(std::string name, Spawn spawn, std::filesystem::path log);

    void start();
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running() const;
    /// Sends `signal` and waits until the process is gone. Throws Failure when it stays.
    ExitStatus end(int signal, Clock::time_point by);
    /// Waits for it to end by itself; empty if it still runs at `by`.
    [[nodiscard]] std::optional<ExitStatus> ended(Clock::time_point by) const;
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string log_tail(std::size_t lines = 15) const;
    /// What it wrote since it was started last.
    [[nodiscard]] std::string said() const;

private:
    std::string name_;
    Spawn spawn_;
    std::filesystem::path log_;
    std::uintmax_t log_start_ = 0;
    pid_t pid_ = 0;
};

[[nodiscard]] std::string read_text(const std::filesystem::path& file);
[[nodiscard]] std::string last_lines(const std::string& text, std::size_t lines);

} // namespace lockstep::testbed
