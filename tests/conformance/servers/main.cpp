#include <cstdio>
#include <cstdlib>

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "platform/process.h"

/// No server runs as root, so neither does what starts them; all of them run as this user.
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

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
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
