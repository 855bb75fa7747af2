#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/children.h"
#include "platform/children_registry.h"

namespace lockstep::children {
namespace {

/// Everything the new process needs, made before the fork: after it, another thread of this
/// process may have held the allocator's lock for ever.
struct Image {
    std::vector<std::string> env;
    std::vector<char*> argv;
    std::vector<char*> envp;
    const char* folder = nullptr;
    Group group = Group::tool;
    Streams streams;
    int cgroup = -1; // Its list of processes.
    int trouble = -1;
    pid_t parent = 0;
};

std::string_view name_of(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
    std::vector<std::string> all = added;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        bool replaced = false;
        for (const auto& own : added) {
            replaced = replaced || name_of(own) == name_of(*variable);
        }
        if (!replaced) {
            all.emplace_back(*variable);
        }
    }
    return all;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const auto& text : texts) {
        all.push_back(const_cast<char*>(text.c_str())); // execve does not write to them.
    }
    all.push_back(nullptr);
    return all;
}

// From here to exec only async-signal-safe calls are allowed.

void keep_from_exec() {
    // Asio opens its sockets without close-on-exec, and a server that inherits the agent's
    // listening ports would keep them from the next agent.
    if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
        return;
    }
    constexpr int most_descriptors = 65536;
    for (int fd = 3; fd < most_descriptors; ++fd) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

void reset_signals() {
    // exec keeps ignored signals ignored, and the mask.
    for (int signal = 1; signal < NSIG; ++signal) {
        ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// A tool dies with the process that started it, also when that one is killed.
bool join_group(const Image& image) {
    if (image.group == Group::session) {
        return ::setsid() >= 0;
    }
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::setpgid(0, 0) != 0) {
        return false;
    }
    if (::getppid() != image.parent) {
        ::_exit(126); // It died before the line above.
    }
    return true;
}

bool join_cgroup(const Image& image) {
    return image.cgroup < 0 || ::write(image.cgroup, "0", 1) == 1; // 0: whoever writes.
}

bool arrange(const Image& image) {
    return join_group(image) && join_cgroup(image) &&
           ::dup2(image.streams.input, STDIN_FILENO) >= 0 &&
           ::dup2(image.streams.output, STDOUT_FILENO) >= 0 &&
           ::dup2(image.streams.error, STDERR_FILENO) >= 0 &&
           (image.folder == nullptr || ::chdir(image.folder) == 0);
}

[[noreturn]] void become(const Image& image) {
    reset_signals();
    if (arrange(image)) {
        keep_from_exec();
        ::execve(image.argv[0], image.argv.data(), image.envp.data());
    }
    const int error = errno;
    const auto told = ::write(image.trouble, &error, sizeof error);
    ::_exit(told == sizeof error ? 127 : 126);
}

} // namespace

Result<Spawned> spawn(const Command& command, Group group, Streams streams) {
    std::array<int, 2> trouble{};
    if (::pipe2(trouble.data(), O_CLOEXEC) != 0) {
        return fail(Errc::refused, "start " + command.argv.at(0) + ": " + system_reason(errno));
    }
    Descriptor reading(trouble[0]);
    const Descriptor writing(trouble[1]);
    Image image;
    image.env = environment_with(command.env);
    image.argv = pointers(command.argv);
    image.envp = pointers(image.env);
    image.folder = command.folder.empty() ? nullptr : command.folder.c_str();
    image.group = group;
    image.streams = streams;
    Descriptor cgroup;
    if (!command.cgroup.empty()) {
        const auto list = command.cgroup / "cgroup.procs";
        cgroup = Descriptor(::open(list.c_str(), O_WRONLY | O_CLOEXEC));
        if (!cgroup.valid()) {
            return fail(Errc::refused, "start " + command.argv[0] + ": join " + list.string() +
                                           ": " + system_reason(errno));
        }
        image.cgroup = cgroup.get();
    }
    image.trouble = writing.get();
    image.parent = ::getpid();

    // No handler of this process may run in the child, where it would act on shared descriptors.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    auto child = std::make_shared<Child>();
    child->group = group;
    const int error = Registry::instance().fork_into(child, [&image] { become(image); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error != 0) {
        return fail(Errc::refused, "start " + command.argv[0] + ": " + system_reason(error));
    }
    return Spawned{std::move(child), std::move(reading)};
}

Error exec_failure(const Command& command, int error) {
    std::string message = "start " + command.argv.at(0) + ": " + system_reason(error);
    if (!command.folder.empty()) {
        message += " (in " + command.folder.string() + ")";
    }
    return Error{Errc::refused, std::move(message)};
}

} // namespace lockstep::children
