#include "platform/children_registry.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "platform/pidfd.h"
#include "platform/process_table.h"

namespace lockstep::children {
namespace {

/// Which process of those meant is dead and not reaped; 0: none. It stays a zombie.
pid_t dead_one(idtype_t which, pid_t pid) {
    siginfo_t info{};
    const int options = WEXITED | WNOHANG | WNOWAIT;
    while (::waitid(which, static_cast<id_t>(pid), &info, options) != 0) {
        if (errno != EINTR) {
            return 0; // No children.
        }
    }
    return info.si_pid;
}

/// Only for one that is known to be dead, so it does not block.
int reap(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

} // namespace

Registry& Registry::instance() {
    static Registry registry;
    return registry;
}

int Registry::fork_into(const std::shared_ptr<Child>& child, const std::function<void()>& become) {
    const std::lock_guard lock(mutex_);
    reap_abandoned();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        become();
    }
    child->pid = pid;
    // Here, because without the lock another thread may reap it first.
    child->pidfd = Descriptor(open_pidfd(pid));
    const auto stat = read_stat(pid);
    child->start_ticks = stat ? stat->start_ticks : 0;
    if (child->group == Group::tool) {
        ::setpgid(pid, pid); // The child does it too: whoever comes first.
    }
    owned_.push_back(child);
    return 0;
}

std::optional<int> Registry::collect(const std::shared_ptr<Child>& child) {
    const std::lock_guard lock(mutex_);
    if (!child->wait_status && dead_one(P_PID, child->pid) == child->pid) {
        reap_into(child);
    }
    return child->wait_status;
}

void Registry::kill_group(const std::shared_ptr<Child>& child) {
    const std::lock_guard lock(mutex_);
    if (!child->wait_status) {
        ::kill(-child->pid, SIGKILL);
    }
}

void Registry::leave(const std::shared_ptr<Child>& child) {
    const std::lock_guard lock(mutex_);
    forget(child);
}

void Registry::abandon(const std::shared_ptr<Child>& child) {
    const std::lock_guard lock(mutex_);
    if (child->wait_status) {
        return;
    }
    ::kill(-child->pid, SIGKILL);
    abandoned_.push_back(child);
}

std::vector<Reaped> Registry::reap_others() {
    const std::lock_guard lock(mutex_);
    std::vector<Reaped> reaped;
    while (const pid_t pid = dead_one(P_ALL, 0)) {
        if (const auto child = owned(pid)) {
            reap_into(child);
            continue;
        }
        reaped.push_back({pid, describe(reap(pid))});
    }
    reap_abandoned();
    return reaped;
}

void Registry::reap_one(pid_t pid) {
    const std::lock_guard lock(mutex_);
    if (dead_one(P_PID, pid) != pid) {
        return;
    }
    if (const auto child = owned(pid)) {
        reap_into(child);
        return;
    }
    reap(pid);
}

void Registry::reap_into(const std::shared_ptr<Child>& child) {
    if (child->group == Group::tool) {
        // While it is a zombie its process group cannot be anybody else's.
        ::kill(-child->pid, SIGKILL);
    }
    child->wait_status = reap(child->pid);
    forget(child);
}

void Registry::reap_abandoned() {
    for (const auto& child : abandoned_) {
        if (!child->wait_status && dead_one(P_PID, child->pid) == child->pid) {
            reap_into(child);
        }
    }
    std::erase_if(abandoned_, [](const auto& child) { return child->wait_status.has_value(); });
}

std::shared_ptr<Child> Registry::owned(pid_t pid) const {
    const auto found = std::find_if(owned_.begin(), owned_.end(),
                                    [pid](const auto& child) { return child->pid == pid; });
    return found == owned_.end() ? nullptr : *found;
}

void Registry::forget(const std::shared_ptr<Child>& child) {
    std::erase(owned_, child);
}

std::optional<int> collect(const std::shared_ptr<Child>& child) {
    return Registry::instance().collect(child);
}

void kill_group(const std::shared_ptr<Child>& child) {
    Registry::instance().kill_group(child);
}

void leave(const std::shared_ptr<Child>& child) {
    Registry::instance().leave(child);
}

void abandon(const std::shared_ptr<Child>& child) {
    Registry::instance().abandon(child);
}

std::vector<Reaped> reap_others() {
    return Registry::instance().reap_others();
}

void reap_one(pid_t pid) {
    Registry::instance().reap_one(pid);
}

std::string describe(int wait_status) {
    if (WIFSIGNALED(wait_status)) {
        return "killed by signal " + std::to_string(WTERMSIG(wait_status));
    }
    return "exit status " + std::to_string(WEXITSTATUS(wait_status));
}

} // namespace lockstep::children
