#pragma once

#include <string>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "platform/asio.h"
#include "platform/config.h"
#include "platform/deadline.h"

namespace lockstep::dns {

/// One address at which a zone is served.
struct AuthoritativeServer {
    std::string name; // "ns1.example.org"
    HostPort at;
};

/// A DNS service that users already run, told where pairs' names lead. It remembers nothing between
/// two calls, and every call is one attempt that may be repeated.
class NamePublisher {
public:
    virtual ~NamePublisher() = default;
    /// For people: "rfc2136 10.0.0.2:53".
    [[nodiscard]] virtual std::string label() const = 0;
    /// Names of pairs are below it.
    [[nodiscard]] virtual std::string zone() const = 0;

    /// Makes the service hold what is wanted, in one step that changes nothing if somebody changed
    /// the name since it was read. Success: the service holds it; its other servers may still
    /// answer something older. Errors: `conflict` if it holds something newer, and the wish is out
    /// of date; `refused` (says what to set up); `timeout`, `unreachable`, `corrupt`.
    [[nodiscard]] virtual Awaitable<Result<void>> publish(Endpoint wanted, Deadline deadline) = 0;
    /// Takes away what publish() made for this pair, up to this endpoint. Errors: as above.
    [[nodiscard]] virtual Awaitable<Result<void>> withdraw(Endpoint last, Deadline deadline) = 0;
    /// Every server that answers clients for the zone now; at least one. Errors: as above.
    [[nodiscard]] virtual Awaitable<Result<std::vector<AuthoritativeServer>>>
    servers(Deadline deadline) = 0;
};

} // namespace lockstep::dns
