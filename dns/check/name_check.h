#pragma once

#include <memory>
#include <string>

#include "dns/decision/publication.h"
#include "platform/asio.h"
#include "platform/config.h"
#include "platform/deadline.h"

namespace lockstep::dns {

/// Asks single servers through c-ares, without recursion: published means that it answers.
class NameCheck {
public:
    [[nodiscard]] static std::unique_ptr<NameCheck> make(asio::any_io_executor executor);
    /// Errors: `timeout`, `unreachable`, `refused` (SERVFAIL, REFUSED, NXDOMAIN, or an answer that
    /// is not authoritative: says which), `corrupt`.
    [[nodiscard]] virtual Awaitable<Result<NameAnswer>> ask(HostPort server, std::string zone,
                                                            PairName pair, Deadline deadline) = 0;
    virtual ~NameCheck() = default;
};

} // namespace lockstep::dns
