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

} // namespace lockstep::testbed
