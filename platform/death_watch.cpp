#include <cerrno>

#include <poll.h>
#include <sys/syscall.h>

#include "platform/descriptor.h"
#include "platform/pidfd.h"
#include "platform/process.h"

namespace lockstep {

int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)); // glibc 2.36 has no wrapper in C++
}

struct DeathWatch::State {
    asio::posix::stream_descriptor pidfd;
};

DeathWatch::DeathWatch(std::unique_ptr<State> state) : state_(std::move(state)) {}
DeathWatch::~DeathWatch() = default;

Result<std::unique_ptr<DeathWatch>> DeathWatch::open(asio::any_io_executor executor,
                                                     ProcessId process) {
    Descriptor opened(open_pidfd(process.pid));
    if (!opened.valid()) {
        const auto code = errno == ESRCH ? Errc::unreachable : Errc::refused;
        return fail(code,
                    "watch process " + std::to_string(process.pid) + ": " + system_reason(errno));
    }
    // Looked at after the pidfd was opened: from here on the pid cannot become another's unseen.
    const auto now = identify(process.pid);
    if (!now) {
        return tl::unexpected(now.error());
    }
    if (*now != process) {
        return fail(Errc::unreachable,
                    "process " + std::to_string(process.pid) + " is dead; another one has its pid");
    }
    asio::posix::stream_descriptor pidfd(std::move(executor), opened.get());
    static_cast<void>(opened.release());
    return std::make_unique<DeathWatch>(std::make_unique<State>(State{std::move(pidfd)}));
}

Awaitable<void> DeathWatch::dead() {
    co_await wait_for_death(state_->pidfd);
}

void DeathWatch::close() {
    error_code ignored; // Closing a descriptor that is closed is no failure.
    state_->pidfd.close(ignored);
}

bool is_dead(int pidfd) {
    pollfd waiting{pidfd, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
}

Awaitable<void> wait_for_death(asio::posix::stream_descriptor& pidfd) {
    // Woken for nothing, it waits again: a fail-over must not begin with a mistake.
    do {
        co_await pidfd.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    } while (!is_dead(pidfd.native_handle()));
}

} // namespace lockstep
