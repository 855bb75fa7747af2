#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dns/decision/answer.h"
#include "platform/asio.h"
#include "platform/config.h"

namespace lockstep::dns {

/// The embedded authoritative server: UDP and TCP on each address, EDNS (RFC 6891), SOA, NS, A,
/// AAAA, TXT; NXDOMAIN and NODATA with the SOA (RFC 2308); REFUSED outside the zone and for
/// transfers; NOTIMP for other opcodes; FORMERR for what does not parse. No recursion.
///
/// A query may be 4096 bytes long, a connection idle for 5 s, and 64 connections open at once.
class NameServer {
public:
    /// Asked for each query, on a strand of the executor given. What it reads must live as long as
    /// it does; without a view the answer is SERVFAIL.
    using Current = std::function<std::shared_ptr<const ZoneView>()>;

    /// Errors: `refused`, naming address and reason (port in use, wildcard address).
    [[nodiscard]] static Result<std::unique_ptr<NameServer>>
    listen(asio::any_io_executor executor, const std::vector<HostPort>& at, Current current);
    /// The port of the first address, also when 0 was asked for.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// At once if called on the executor's own thread. The destructor does it too.
    virtual void close() = 0;
    virtual ~NameServer() = default;
};

} // namespace lockstep::dns
