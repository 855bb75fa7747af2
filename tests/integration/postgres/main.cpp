#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "platform/cgroup.h"
#include "platform/process.h"

/// PostgreSQL refuses to run as root, so neither does what starts it.
static bool become_postgres() {
    if (::geteuid() != 0) {
        return true;
    }
    const auto* const user = ::getpwnam("postgres");
    return user != nullptr && ::initgroups(user->pw_name, user->pw_gid) == 0 &&
           ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
           ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0 &&
           ::prctl(PR_SET_DUMPABLE, 1) == 0 && ::chdir("/") == 0;
}

/// As systemd does for a unit with Delegate=yes: a control group that the user postgres may divide.
/// Without one, what needs it is skipped.
static void delegate_cgroup() {
    const auto made = lockstep::make_cgroup("lockstep-test-" + std::to_string(::getpid()));
    const auto* const user = ::getpwnam("postgres");
    if (::geteuid() != 0 || !made || user == nullptr) {
        return;
    }
    for (const auto& path : {*made, *made / "cgroup.procs"}) {
        if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
            return;
        }
    }
    std::ofstream(*made / "cgroup.procs") << ::getpid();
}

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    delegate_cgroup();
    if (!become_postgres()) {
        std::perror("become the user postgres");
        return EXIT_FAILURE;
    }
    if (const auto done = lockstep::become_subreaper(); !done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return EXIT_FAILURE;
    }
    return RUN_ALL_TESTS();
}
