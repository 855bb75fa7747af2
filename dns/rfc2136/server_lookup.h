#pragma once

#include <optional>
#include <vector>

#include "dns/publisher.h"

namespace lockstep::dns {

/// The authoritative servers of a zone: its NS records, asked at `primary`, with their addresses,
/// asked there too (authoritative answers count), else at `resolver` (none: as /etc/resolv.conf
/// says). A server with IPv4 addresses is taken by these only. Errors: `refused` if a server has no
/// address or there is none; `timeout`, `unreachable`, `corrupt`. To be called on a strand.
[[nodiscard]] Awaitable<Result<std::vector<AuthoritativeServer>>>
look_up_servers(std::string zone, HostPort primary, std::optional<HostPort> resolver,
                std::uint16_t port, Deadline deadline);

} // namespace lockstep::dns
