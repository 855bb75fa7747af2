#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <set>

#include "platform/cgroup.h"
#include "platform/children.h"
#include "platform/process.h"
#include "platform/process_table.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds between_looks{2};
// A process can be born behind the look's back and its parent gone before the look gets there.
constexpr int empty_looks_wanted = 2;

std::optional<pid_t> pid_of(const std::string& name) {
    pid_t pid = 0;
    const auto* const end = name.data() + name.size();
    const auto [stopped, error] = std::from_chars(name.data(), end, pid);
    return error == std::errc() && stopped == end ? std::optional(pid) : std::nullopt;
}

std::vector<pid_t> all_pids() {
    std::vector<pid_t> pids;
    std::error_code error;
    fs::directory_iterator entries("/proc", error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        if (const auto pid = pid_of(entries->path().filename().string())) {
            pids.push_back(*pid);
        }
    }
    return pids;
}

bool is_within(const std::string& place, const std::string& folder) {
    return place == folder || place.starts_with(folder + "/") || place == folder + " (deleted)";
}

/// Where a process works; nothing if it is dead, or of a user that we may not touch anyway.
std::optional<std::string> place_of(pid_t pid) {
    const auto process = fs::path("/proc") / std::to_string(pid);
    std::error_code unreadable;
    auto place = fs::read_symlink(process / "cwd", unreadable);
    if (unreadable != std::errc::no_such_file_or_directory) {
        return unreadable ? std::nullopt : std::optional(place.string());
    }
    // Of a killed process the first thread may be gone, and others not yet.
    std::error_code gone;
    fs::directory_iterator threads(process / "task", gone);
    for (; !gone && threads != fs::directory_iterator(); threads.increment(gone)) {
        place = fs::read_symlink(threads->path() / "cwd", unreadable);
        if (!unreadable) {
            return place.string();
        }
    }
    return std::nullopt;
}

/// Alive, and not another process that has the pid now.
bool lives(const ProcessId& process) {
    const auto now = identify(process.pid);
    return now && *now == process;
}

std::vector<pid_t> still_alive(const fs::path& folder, const std::optional<ProcessId>& main,
                               const fs::path& cgroup) {
    auto pids = processes_in(folder);
    for (const pid_t pid : cgroup.empty() ? std::vector<pid_t>{} : processes_in_cgroup(cgroup)) {
        if (std::find(pids.begin(), pids.end(), pid) == pids.end()) {
            pids.push_back(pid);
        }
    }
    if (main && lives(*main) && std::find(pids.begin(), pids.end(), main->pid) == pids.end()) {
        pids.push_back(main->pid);
    }
    return pids;
}

std::string listed(const std::vector<pid_t>& pids) {
    std::string text;
    for (const pid_t pid : pids) {
        text += (text.empty() ? "" : ", ") + std::to_string(pid);
    }
    return text;
}

} // namespace

std::vector<pid_t> processes_in(const fs::path& folder) {
    std::error_code error;
    const auto canonical = fs::weakly_canonical(folder, error);
    const std::string wanted = error ? folder.string() : canonical.string();
    std::vector<pid_t> pids;
    for (const pid_t pid : all_pids()) {
        if (pid == ::getpid()) {
            continue;
        }
        const auto place = place_of(pid);
        if (!place || !is_within(*place, wanted)) {
            continue;
        }
        if (const auto stat = read_stat(pid); stat && !stat->dead()) {
            pids.push_back(pid);
        }
    }
    return pids;
}

std::vector<ProcessId> children_of(pid_t parent) {
    std::vector<ProcessId> children;
    for (const pid_t pid : all_pids()) {
        if (const auto stat = read_stat(pid); stat && stat->parent == parent && !stat->dead()) {
            children.push_back({pid, stat->start_ticks});
        }
    }
    return children;
}

Awaitable<Result<void>> kill_all_in(fs::path folder, std::optional<ProcessId> main,
                                    Deadline deadline, fs::path cgroup) {
    // Its failure is none of the fence's: what it leaves is found below.
    if (!cgroup.empty() && !kill_cgroup(cgroup)) {
        cgroup.clear();
    }
    if (main && lives(*main)) {
        ::kill(main->pid, SIGSTOP); // It makes no new processes while its children are killed.
    }
    std::set<pid_t> killed;
    for (int empty_looks = 0; empty_looks < empty_looks_wanted;) {
        const auto left = still_alive(folder, main, cgroup);
        for (const pid_t pid : left) {
            ::kill(pid, SIGKILL);
        }
        killed.insert(left.begin(), left.end());
        empty_looks = left.empty() ? empty_looks + 1 : 0;
        if (left.empty()) {
            continue;
        }
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "fence " + folder.string() +
                                              ": still alive after SIGKILL: " + listed(left));
        }
        co_await pause_for(between_looks);
    }
    for (const pid_t pid : killed) {
        children::reap_one(pid); // A server refuses to start while a zombie has its pid.
    }
    co_return Result<void>{};
}

} // namespace lockstep
