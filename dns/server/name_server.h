#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "core/wire/messages.h"
#include "platform/asio.h"
#include "platform/config.h"

namespace lockstep::dns {

/// What one server may say at this moment: the zone, and for which pairs it can vouch. For a pair
/// that it can't vouch for it answers SERVFAIL, so that the resolver asks another server.
struct ZoneView {
    wire::Zone zone;
    std::set<PairName> vouched;
};

/// The embedded authoritative server: UDP and TCP on each address, EDNS (RFC 6891), SOA, NS, A,
/// AAAA, TXT; NXDOMAIN and NODATA with the SOA (RFC 2308); REFUSED outside the zone and for
/// transfers; NOTIMP for other opcodes; FORMERR for what does not parse. No recursion.
class NameServer {
public:
    using Current = std::function<std::shared_ptr<const ZoneView>()>;

    /// Errors: `refused`, naming address and reason (port in use, wildcard address).
    [[nodiscard]] static Result<std::unique_ptr<NameServer>>
    listen(asio::any_io_executor executor, const std::vector<HostPort>& at, Current current);
    /// The port of the first address, also when 0 was asked for.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual void close() = 0;
    virtual ~NameServer() = default;
};

} // namespace lockstep::dns
