#pragma once

#include <sys/types.h>

#include "platform/asio.h"

/// A descriptor that becomes readable when its process dies. Internal to platform/.
namespace lockstep {

/// Negative, and errno, if there is no such process.
[[nodiscard]] int open_pidfd(pid_t pid);
[[nodiscard]] bool is_dead(int pidfd);
/// `pidfd` must outlive the wait. Throws `operation_aborted` if it is closed or cancelled.
[[nodiscard]] Awaitable<void> wait_for_death(asio::posix::stream_descriptor& pidfd);

} // namespace lockstep
