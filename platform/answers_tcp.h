#pragma once

#include <cstdint>
#include <string>

#include "platform/asio.h"
#include "platform/deadline.h"

namespace lockstep {

/// True if a TCP connection to the address is made before the deadline, and closed at once.
[[nodiscard]] Awaitable<bool> answers_tcp(std::string address, std::uint16_t port,
                                          Deadline deadline);

} // namespace lockstep
