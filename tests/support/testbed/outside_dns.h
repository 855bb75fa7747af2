#pragma once

#include <string>

#include "tests/support/testbed/dns_servers.h"
#include "tests/support/testbed/testbed.h"

namespace lockstep::testbed {

/// A BIND for an installation, in its folder, with a zone of its own: the one that users already
/// run. Not started.
[[nodiscard]] DnsServer bind_beside(const Testbed& bed, const std::string& address,
                                    std::uint16_t port);

/// Writes into the controller's file that it shall publish there, as an operator would. It takes
/// effect when the controller is started.
void publish_to(const Testbed& bed, const DnsServer& server);

/// What the controller says of that publisher; null before it knows it.
[[nodiscard]] Json publisher_of(const Json& pair, const DnsServer& server);

} // namespace lockstep::testbed
