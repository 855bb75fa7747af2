#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <grp.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/process.h"

namespace lockstep {

/// A network of this process's own, with nothing but a loopback: no other suite that runs at the
/// same time can have the ports that this one takes. False, with errno, if that is not possible.
inline bool have_own_loopback() {
    if (::unshare(CLONE_NEWNET) != 0) {
        return false;
    }
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    loopback.ifr_name[0] = 'l';
    loopback.ifr_name[1] = 'o';
    loopback.ifr_flags = IFF_UP;
    const bool up = fd >= 0 && ::ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
    const int error = errno;
    ::close(fd);
    errno = error;
    return up;
}

/// No database server runs as root, so neither does what starts one. False, with errno, if that is
/// not possible.
inline bool become_user(const char* name) {
    const auto* const user = ::getpwnam(name);
    return user != nullptr && ::initgroups(user->pw_name, user->pw_gid) == 0 &&
           ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
           ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0 &&
           ::prctl(PR_SET_DUMPABLE, 1) == 0 && ::chdir("/") == 0;
}

/// Runs the tests of a suite that starts servers: as `user` and on a loopback of its own, if this
/// process is root, and as who collects what its servers leave. Returns the process's exit status.
inline int run_server_suite(const char* user) {
    if (::geteuid() == 0 && (!have_own_loopback() || !become_user(user))) {
        std::perror("take a loopback of this suite's own and become the server's user");
        return EXIT_FAILURE;
    }
    if (const auto done = become_subreaper(); !done) {
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
        return EXIT_FAILURE;
    }
    return RUN_ALL_TESTS();
}

} // namespace lockstep
