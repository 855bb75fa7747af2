#include "tests/support/testbed/faults.h"

#include <csignal>
#include <functional>
#include <thread>

namespace lockstep::testbed {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds soon{20000};
constexpr Milliseconds ballast_within{45000};

// Until two looks in a row show nothing new: a process may fork while it is looked for.
void signal_until(const std::function<std::vector<pid_t>()>& left, int signal,
                  const std::string& what) {
    const auto by = in(soon);
    for (auto pids = left(); !pids.empty(); pids = left()) {
        if (Clock::now() > by) {
            throw Failure(what + ": some processes stay as they are");
        }
        for (const pid_t pid : pids) {
            kill(pid, signal);
        }
        std::this_thread::sleep_for(Milliseconds{1});
    }
}

char state_of(pid_t pid) {
    const auto text = read_text("/proc/" + std::to_string(pid) + "/stat");
    const auto name_end = text.rfind(')');
    return name_end == std::string::npos ? 'X' : text.at(name_end + 2);
}

bool is_stopped(pid_t pid) {
    const char state = state_of(pid);
    return state == 'T' || state == 'Z' || state == 'X';
}

std::vector<pid_t> unless_stopped(std::vector<pid_t> pids) {
    std::erase_if(pids, is_stopped);
    return pids;
}

std::uint64_t ballast_of(const Json& pair, const std::string& member) {
    for (const auto& one : pair.at("members")) {
        if (one.at("id") == member) {
            return one.at("disk").at("ballast_bytes").get<std::uint64_t>();
        }
    }
    throw Failure(member + " is no member");
}

} // namespace

std::vector<pid_t> database_processes(const Testbed& bed, const std::string& member) {
    return processes_of({bed.data_of(member)});
}

void lose_host(Testbed& bed, const std::string& member) {
    // The link first: no death may be heard of over the network.
    bed.network().cut(member);
    kill(bed.agent(member).pid(), SIGKILL);
    signal_until([&] { return processes_of({bed.folder_of(member)}); }, SIGKILL,
                 "lose the host of " + member);
    bed.agent(member).end(SIGKILL, in(soon));
    for (const auto& entry : fs::directory_iterator(bed.run_dir_of(member))) {
        fs::remove_all(entry.path());
    }
}

void return_host(Testbed& bed, const std::string& member) {
    bed.network().heal(member);
    bed.start_agent(member);
}

void kill_postmaster(const Testbed& bed, const std::string& member) {
    const pid_t postmaster = bed.postmaster(member);
    if (postmaster == 0 || kill(postmaster, SIGKILL) != 0) {
        throw Failure("there is no postmaster of " + member + " to kill");
    }
}

void freeze_database(const Testbed& bed, const std::string& member) {
    kill(bed.postmaster(member), SIGSTOP); // It would start others.
    signal_until([&] { return unless_stopped(database_processes(bed, member)); }, SIGSTOP,
                 "freeze the database of " + member);
}

void wait_for_ballast(Testbed& bed, const std::string& member) {
    bed.wait_for_pair(
        "have " + member + " hold room back",
        [&](const Json& pair) { return ballast_of(pair, member) > 0; }, ballast_within);
}

void fill_disk(Testbed& bed, const std::string& member) {
    bed.disk_of(member).fill();
    bed.wait_for_pair(
        "have " + member + " release what it held back",
        [&](const Json& pair) { return ballast_of(pair, member) == 0; }, ballast_within);
    bed.disk_of(member).fill();
}

void empty_disk(Testbed& bed, const std::string& member) {
    bed.disk_of(member).empty();
}

void thaw_database(const Testbed& bed, const std::string& member) {
    for (const pid_t pid : database_processes(bed, member)) {
        kill(pid, SIGCONT);
    }
}

} // namespace lockstep::testbed
