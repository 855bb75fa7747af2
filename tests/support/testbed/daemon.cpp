#include "tests/support/testbed/daemon.h"

#include <csignal>
#include <fstream>

namespace lockstep::testbed {

Daemon::Daemon(std::string name, Spawn spawn, std::filesystem::path log)
    : name_(std::move(name)), spawn_(std::move(spawn)), log_(std::move(log)) {}

void Daemon::start() {
    std::error_code absent;
    const auto size = std::filesystem::file_size(log_, absent);
    log_start_ = absent ? 0 : size;
    pid_ = testbed::start(spawn_, log_);
}

bool Daemon::running() const {
    return pid_ != 0 && !wait_for(pid_, Clock::now());
}

ExitStatus Daemon::end(int signal, Clock::time_point by) {
    kill(pid_, signal);
    const auto status = wait_for(pid_, by);
    if (!status) {
        throw Failure(name_ + " did not end on signal " + std::to_string(signal) + "\n" +
                      log_tail());
    }
    return *status;
}

std::optional<ExitStatus> Daemon::ended(Clock::time_point by) const {
    return wait_for(pid_, by);
}

std::string Daemon::log_tail(std::size_t lines) const {
    return last_lines(read_text(log_), lines);
}

std::string Daemon::said() const {
    const std::string text = read_text(log_);
    return text.size() > log_start_ ? text.substr(log_start_) : std::string();
}

std::string read_text(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::string text; // Stays empty when it vanishes just now.
    std::getline(stream, text, '\0');
    return text;
}

std::string last_lines(const std::string& text, std::size_t lines) {
    std::size_t from = text.size();
    while (from > 0 && lines > 0) {
        const auto before = text.rfind('\n', from < 2 ? 0 : from - 2);
        from = before == std::string::npos || from < 2 ? 0 : before + 1;
        --lines;
    }
    return text.substr(from);
}

} // namespace lockstep::testbed
