#pragma once

#include <string>

#include "core/result.h"
#include "platform/asio.h"
#include "platform/config.h"
#include "platform/deadline.h"

namespace lockstep::dns {

/// Sends one message over a TCP connection of its own (RFC 1035, 4.2.2) and returns the one that
/// comes back, of at most `most_bytes`. Errors: `unreachable` before it was sent; after that
/// `timeout`, and the server may have acted on it; `corrupt` for a longer reply.
[[nodiscard]] Awaitable<Result<std::string>>
exchange_by_tcp(HostPort server, std::string message, std::size_t most_bytes, Deadline deadline);

} // namespace lockstep::dns
