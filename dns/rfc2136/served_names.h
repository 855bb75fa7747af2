#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "dns/decision/answer.h"
#include "platform/asio.h"
#include "platform/config.h"
#include "platform/deadline.h"

namespace lockstep::dns {

/// The A, AAAA and TXT records that one server has at each of `names`, asked by TCP. A name that
/// does not exist has none. Errors: `timeout`, `unreachable`, `corrupt`, `refused` if the server
/// is no authority for them. To be called on a strand.
[[nodiscard]] Awaitable<Result<std::vector<Record>>>
read_served(HostPort server, std::vector<std::string> names, Deadline deadline);

} // namespace lockstep::dns
