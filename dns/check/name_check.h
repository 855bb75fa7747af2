#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/ids.h"
#include "platform/asio.h"
#include "platform/config.h"
#include "platform/deadline.h"

namespace lockstep::dns {

/// What one authoritative server answers for a pair.
struct NameAnswer {
    std::string primary_address;
    std::string read_only_address;
    Epoch epoch{};
    std::uint32_t ttl_seconds = 0;
};

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
