#pragma once

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace lockstep {

/// No database server runs as root, so neither does what starts one: from here on this process is
/// the user of that name, if it was root. False, with errno, if that is not possible.
inline bool become_server_user(const char* name) {
    if (::geteuid() != 0) {
        return true;
    }
    const auto* const user = ::getpwnam(name);
    return user != nullptr && ::initgroups(user->pw_name, user->pw_gid) == 0 &&
           ::setresgid(user->pw_gid, user->pw_gid, user->pw_gid) == 0 &&
           ::setresuid(user->pw_uid, user->pw_uid, user->pw_uid) == 0 &&
           ::prctl(PR_SET_DUMPABLE, 1) == 0 && ::chdir("/") == 0;
}

} // namespace lockstep
