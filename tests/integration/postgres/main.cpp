#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/cgroup.h"
#include "platform/process.h"
#include "tests/support/eventually.h"
#include "tests/support/server_suite.h"

/// As systemd does for a unit with Delegate=yes: a control group that the user postgres may divide.
/// Empty without one; what needs it is skipped then.
static std::filesystem::path delegate_cgroup() {
    const auto* const user = ::getpwnam("postgres");
    const auto made = lockstep::make_cgroup("lockstep-test-" + std::to_string(::getpid()));
    if (::geteuid() != 0 || !made || user == nullptr) {
        return {};
    }
    for (const auto& path : {*made, *made / "cgroup.procs"}) {
        if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
            return {};
        }
    }
    return *made;
}

/// Goes on in a child that is in the group; this process ends with it, and removes the group.
static void go_on_in(const std::filesystem::path& cgroup) {
    const pid_t child = ::fork();
    if (child <= 0) {
        std::ofstream(cgroup / "cgroup.procs") << ::getpid();
        return;
    }
    int status = 0;
    while (::waitpid(child, &status, 0) != child && errno == EINTR) {
    }
    static_cast<void>(lockstep::kill_cgroup(cgroup)); // What a fence by working directory left.
    static_cast<void>(lockstep::eventually([&cgroup] {
        std::error_code busy;
        std::filesystem::remove(cgroup / "server", busy);
        return std::filesystem::remove(cgroup, busy);
    }));
    std::exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (const auto cgroup = delegate_cgroup(); !cgroup.empty()) {
        go_on_in(cgroup);
    }
    return lockstep::run_server_suite("postgres");
}
