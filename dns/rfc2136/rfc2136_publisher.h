#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/publisher.h"
#include "dns/rfc2136/tsig_key.h"

namespace lockstep::dns {

struct Rfc2136Settings {
    HostPort server; // The zone's primary server, which takes updates.
    std::string zone;
    TsigKey key;
    std::vector<HostPort> servers; // Who answers clients. Empty: found by NS lookup,
    std::uint16_t servers_port = 53;
    std::optional<HostPort> resolver; // … asking this one for names outside the zone; none: as
                                      // /etc/resolv.conf says.
};

/// Publishes by dynamic updates (RFC 2136) signed with TSIG, over TCP: BIND, Knot, PowerDNS.
[[nodiscard]] std::unique_ptr<NamePublisher> make_rfc2136_publisher(asio::any_io_executor executor,
                                                                    Rfc2136Settings settings);

} // namespace lockstep::dns
