#include "platform/cgroup.h"

#include <cerrno>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include "platform/descriptor.h"
#include "platform/files.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

/// Where the one hierarchy of version 2 is mounted; empty: nowhere.
fs::path mount_point() {
    std::istringstream mounts(read_file("/proc/self/mountinfo").value_or(""));
    for (std::string line; std::getline(mounts, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) {
            continue;
        }
        std::istringstream fields(line);
        std::string field;
        for (int i = 0; i < 5; ++i) { // id, parent, device, root, mount point
            fields >> field;
        }
        return field;
    }
    return {};
}

/// This process's own path in it: "0::/system.slice/lockstep-agent.service".
std::optional<std::string> own_path() {
    std::istringstream groups(read_file("/proc/self/cgroup").value_or(""));
    for (std::string line; std::getline(groups, line);) {
        if (line.starts_with("0::/")) {
            return line.substr(4);
        }
    }
    return std::nullopt;
}

tl::unexpected<Error> unsupported(const std::string& why) {
    return fail(Errc::unsupported, "no control group of its own for the server: " + why);
}

} // namespace

Result<fs::path> make_cgroup(const std::string& name) {
    const auto mounted = mount_point();
    const auto own = own_path();
    if (mounted.empty() || !own) {
        return unsupported("this machine has no cgroup v2");
    }
    const auto parent = (mounted / *own).lexically_normal();
    const auto cgroup = parent / name;
    std::error_code error;
    fs::create_directory(cgroup, error);
    if (error) {
        return unsupported(cgroup.string() + " cannot be made (" + error.message() +
                           "); a systemd unit needs Delegate=yes");
    }
    // To move a process, both its new group and the one above it must be writable.
    for (const auto& file :
         {parent / "cgroup.procs", cgroup / "cgroup.procs", cgroup / "cgroup.kill"}) {
        if (::access(file.c_str(), W_OK) != 0) {
            return unsupported(file.string() + ": " + system_reason(errno));
        }
    }
    return cgroup;
}

Result<void> kill_cgroup(const fs::path& cgroup) {
    const auto file = cgroup / "cgroup.kill";
    const Descriptor opened(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!opened.valid() || ::write(opened.get(), "1", 1) != 1) {
        return fail(Errc::refused, file.string() + ": " + system_reason(errno));
    }
    return {};
}

std::vector<pid_t> processes_in_cgroup(const fs::path& cgroup) {
    std::vector<pid_t> pids;
    std::istringstream listed(read_file(cgroup / "cgroup.procs").value_or(""));
    for (pid_t pid = 0; listed >> pid;) {
        pids.push_back(pid);
    }
    return pids;
}

} // namespace lockstep
