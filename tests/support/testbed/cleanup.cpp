#include "tests/support/testbed/cleanup.h"

#include <algorithm>
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
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <unistd.h>

#include "tests/support/testbed/loop_file_system.h"

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

bool is_below(const std::string& path, const fs::path& folder) {
    const std::string start = folder.string();
    return path.starts_with(start) && (path.size() == start.size() || path[start.size()] == '/');
}

bool is_database_program(const fs::path& program) {
    static const std::set<std::string> names{
        "postgres",       "initdb",         "pg_basebackup", "pg_rewind",   "pg_ctl",
        "pg_controldata", "pg_waldump",     "pg_resetwal",   "mariadbd",    "mariadb-backup",
        "mbstream",       "mariadb-binlog", "mysqld",        "mysqlbinlog",
    };
    const auto name = program.filename().string();
    return names.contains(name) || name.starts_with("ld-linux"); // MySQL, by its own loader.
}

bool belongs(const fs::path& process, const std::vector<fs::path>& folders) {
    std::error_code gone; // A process may end while we look at it.
    const std::string program = fs::read_symlink(process / "exe", gone).string();
    const std::string stands = fs::read_symlink(process / "cwd", gone).string();
    for (const auto& folder : folders) {
        if (is_below(program, folder)) {
            return true;
        }
        if (is_below(stands, folder) && is_database_program(program)) {
            return true;
        }
    }
    return false;
}

// Field 22 of /proc/PID/stat tells a process from a later one with the same pid.
std::uint64_t start_ticks(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text; // Stays empty when it ends just now.
    std::getline(file, text, '\0');
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream fields(text.substr(name_end + 1));
    std::string field;
    for (int i = 3; i <= 22; ++i) {
        fields >> field;
    }
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

int watch(void* argument) {
    const auto* plan = static_cast<const Plan*>(argument);
    setsid();
    for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        std::signal(ignored, SIG_IGN);
    }
    dup2(plan->from_parent, 3);
    close_range(4, ~0U, 0); // The parent's end of the pipe above all.
    const Told told = listen(3);
    if (told.dismissed) {
        return 0;
    }
    for (const auto& [pid, ticks] : told.processes) {
        if (start_ticks(pid) == ticks) {
            kill(pid, SIGKILL);
        }
    }
    return remove_installation(plan->folders) ? 0 : 1;
}

// PostgreSQL's PGShmemHeader (storage/pg_shmem.h), as far as it is needed here.
struct SharedMemoryHeader {
    std::int32_t magic;
    std::int32_t creator;
    std::uint64_t total_bytes;
    std::uint64_t free_offset;
    std::uint32_t dynamic_control;
};
constexpr std::int32_t header_magic = 679834894;

// A killed postmaster leaves its segments; its next start on the same folder would remove them, but
// the folder goes away.
void release_shared_memory(const fs::path& lock_file) {
    std::ifstream lines(lock_file);
    std::string line;
    for (int i = 0; i < 7; ++i) { // The seventh: "KEY ID"
        std::getline(lines, line);
    }
    std::istringstream words(line);
    long key = 0;
    int id = -1;
    shmid_ds state{};
    if (!(words >> key >> id) || shmctl(id, IPC_STAT, &state) != 0 || state.shm_nattch != 0) {
        return;
    }
    void* const memory = shmat(id, nullptr, SHM_RDONLY);
    if (reinterpret_cast<std::intptr_t>(memory) == -1) {
        return;
    }
    const auto header = *static_cast<const SharedMemoryHeader*>(memory);
    shmdt(memory);
    if (header.magic != header_magic) {
        return; // Another program's by now.
    }
    shm_unlink(("/PostgreSQL." + std::to_string(header.dynamic_control)).c_str());
    shmctl(id, IPC_RMID, nullptr);
}

std::vector<fs::path> lock_files_below(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code absent;
    for (fs::recursive_directory_iterator entry(folder, absent), end; entry != end;
         entry.increment(absent)) {
        if (entry->path().filename() == "postmaster.pid") {
            files.push_back(entry->path());
        }
    }
    return files;
}

bool is_gone(const std::vector<fs::path>& folders, Clock::time_point by) {
    while (!processes_of(folders).empty()) {
        if (Clock::now() > by) {
            return false;
        }
        std::this_thread::sleep_for(Milliseconds{10});
    }
    return true;
}

void signal_all(const std::vector<pid_t>& processes, int signal) {
    for (const pid_t pid : processes) {
        kill(pid, signal);
    }
}

// First those who would start a database again; then the databases get a moment to release what
// they share.
bool end_processes(const std::vector<fs::path>& folders) {
    std::vector<pid_t> postmasters;
    for (const auto& folder : folders) {
        for (const auto& file : lock_files_below(folder)) {
            if (pid_t pid = 0; std::ifstream(file) >> pid) {
                postmasters.push_back(pid);
            }
        }
    }
    const auto all = processes_of(folders);
    for (const pid_t pid : all) {
        const auto program = fs::path("/proc") / std::to_string(pid) / "exe";
        std::error_code gone;
        if (!is_database_program(fs::read_symlink(program, gone))) {
            kill(pid, SIGKILL);
        } else if (std::ranges::find(postmasters, pid) != postmasters.end()) {
            kill(pid, SIGQUIT);
        }
    }
    if (is_gone(folders, in(Milliseconds{3000}))) {
        return true;
    }
    const auto by = in(Milliseconds{10000});
    while (Clock::now() < by) {
        signal_all(processes_of(folders), SIGKILL);
        if (is_gone(folders, in(Milliseconds{100}))) {
            return true;
        }
    }
    return false;
}

} // namespace

std::vector<pid_t> processes_of(const std::vector<fs::path>& folders) {
    std::vector<pid_t> result;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec == std::errc{} && pid != getpid() && belongs(entry.path(), folders)) {
            result.push_back(pid);
        }
    }
    return result;
}

// The second word of a line of /proc/self/mounts. (No path of an installation has a blank.)
std::vector<fs::path> mounts_below(const fs::path& folder) {
    std::vector<fs::path> found;
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream words(line);
        std::string device;
        std::string place;
        words >> device >> place;
        if (is_below(place, folder)) {
            found.emplace_back(place);
        }
    }
    return found;
}

bool remove_installation(const std::vector<fs::path>& folders) {
    for (const auto& folder : folders) {
        for (const auto& mounted : mounts_below(folder)) {
            thaw_file_system(mounted); // Else what waits for it could not be ended.
        }
    }
    bool all = end_processes(folders);
    for (const auto& folder : folders) {
        std::error_code failed;
        for (const auto& file : lock_files_below(folder)) {
            release_shared_memory(file);
        }
        for (const auto& mounted : mounts_below(folder)) {
            all = umount2(mounted.c_str(), MNT_DETACH) == 0 && all;
        }
        fs::remove_all(folder, failed);
        all = all && !failed;
    }
    return all;
}

Watchdog::Watchdog(std::vector<fs::path> folders) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Failure("cannot make a pipe for the watchdog");
    }
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
    if (write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw Failure("the watchdog does not listen");
    }
}

void Watchdog::dismiss() {
    const std::string_view line = "0 0\n";
    if (write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw Failure("the watchdog does not listen");
    }
}

} // namespace lockstep::testbed
