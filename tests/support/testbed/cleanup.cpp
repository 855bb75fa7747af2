#include "tests/support/testbed/cleanup.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

bool is_below(const std::string& path, const fs::path& folder) {
    const std::string start = folder.string();
    return path.starts_with(start) && (path.size() == start.size() || path[start.size()] == '/');
}

bool is_database_program(const fs::path& program) {
    static const std::set<std::string> names{"postgres",   "initdb",     "pg_basebackup",
                                             "pg_rewind",  "pg_ctl",     "pg_controldata",
                                             "pg_waldump", "pg_resetwal"};
    return names.contains(program.filename().string());
}

bool belongs(const fs::path& process, const std::vector<fs::path>& folders) {
    std::error_code gone; // A process may end while we look at it.
    const std::string program = fs::read_symlink(process / "exe", gone).string();
    const std::string stands = fs::read_symlink(process / "cwd", gone).string();
    for (const auto& folder : folders) {
        if (is_below(program, folder))
            return true;
        if (is_below(stands, folder) && is_database_program(program))
            return true;
    }
    return false;
}

// Field 22 of /proc/PID/stat tells a process from a later one with the same pid.
std::uint64_t start_ticks(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text; // Stays empty when it ends just now.
    std::getline(file, text, '\0');
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos)
        return 0;
    std::istringstream fields(text.substr(name_end + 1));
    std::string field;
    for (int i = 3; i <= 22; ++i)
        fields >> field;
    return std::stoull(field);
}

struct Plan {
    std::vector<fs::path> folders;
    int from_parent = -1;
};

struct Told {
    std::vector<std::pair<pid_t, std::uint64_t>> processes;
    bool dismissed = false;
};

// Returns when the parent has closed its end, which the kernel does for a parent that was killed.
Told listen(int from_parent) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = read(from_parent, buffer.data(), buffer.size());
        if (got <= 0)
            break;
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

int watch(void* argument) {
    const auto* plan = static_cast<const Plan*>(argument);
    setsid();
    for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        std::signal(ignored, SIG_IGN);
    dup2(plan->from_parent, 3);
    close_range(4, ~0U, 0); // The parent's end of the pipe above all.
    const Told told = listen(3);
    if (told.dismissed)
        return 0;
    for (const auto& [pid, ticks] : told.processes)
        if (start_ticks(pid) == ticks)
            kill(pid, SIGKILL);
    return remove_installation(plan->folders) ? 0 : 1;
}

} // namespace

std::vector<pid_t> processes_of(const std::vector<fs::path>& folders) {
    std::vector<pid_t> result;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec == std::errc{} && pid != getpid() && belongs(entry.path(), folders))
            result.push_back(pid);
    }
    return result;
}

bool remove_installation(const std::vector<fs::path>& folders) {
    const auto by = in(Milliseconds{10000});
    for (auto left = processes_of(folders); !left.empty(); left = processes_of(folders)) {
        for (const pid_t pid : left)
            kill(pid, SIGKILL);
        if (Clock::now() > by)
            return false;
        std::this_thread::sleep_for(Milliseconds{10});
    }
    bool all = true;
    for (const auto& folder : folders) {
        std::error_code failed;
        fs::remove_all(folder, failed);
        all = all && !failed;
    }
    return all;
}

Watchdog::Watchdog(std::vector<fs::path> folders) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Failure("cannot make a pipe for the watchdog");
    Plan plan{std::move(folders), ends[0]};
    child_ = start_copy(watch, &plan);
    to_child_ = ends[1];
    close(ends[0]);
}

Watchdog::~Watchdog() {
    close(to_child_);
    static_cast<void>(wait_for(child_, in(Milliseconds{15000})));
}

void Watchdog::also(pid_t process) {
    const std::string line =
        std::to_string(process) + " " + std::to_string(start_ticks(process)) + "\n";
    if (write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        throw Failure("the watchdog does not listen");
}

void Watchdog::dismiss() {
    const std::string_view line = "0 0\n";
    if (write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        throw Failure("the watchdog does not listen");
}

} // namespace lockstep::testbed
