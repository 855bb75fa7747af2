#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "tests/support/testbed/cleanup.h"
#include "tests/support/watchdog/watchdog.h"

/// lockstep-watchdog FOLDER...: waits until its standard input is closed, which the kernel does for
/// a parent that was killed, then ends every process of that installation and removes it. A line
/// "PID TICKS" names one more process to end, "0 0" dismisses it. Its standard output says nothing
/// and is closed when it has done its work.
namespace {

struct Told {
    std::vector<std::pair<pid_t, std::uint64_t>> processes;
    bool dismissed = false;
};

Told listen() {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    Told told;
    std::istringstream lines(text);
    pid_t pid = 0;
    std::uint64_t ticks = 0;
    while (lines >> pid >> ticks) {
        told.processes.emplace_back(pid, ticks);
        told.dismissed = told.dismissed || pid == 0;
    }
    return told;
}

} // namespace

int main(int count, char** words) {
    using namespace lockstep::testbed;
    for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        std::signal(ignored, SIG_IGN);
    }
    if (chdir("/") != 0) {
        return EXIT_FAILURE;
    }
    const Told told = listen();
    if (told.dismissed) {
        return EXIT_SUCCESS;
    }
    for (const auto& [pid, ticks] : told.processes) {
        if (start_ticks(pid) == ticks) {
            kill(pid, SIGKILL);
        }
    }
    const std::vector<std::filesystem::path> folders(words + 1, words + count);
    return remove_installation(folders) ? EXIT_SUCCESS : EXIT_FAILURE;
}
