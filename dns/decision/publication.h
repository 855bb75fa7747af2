#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"

namespace lockstep::dns {

/// What one authoritative server answers for a pair.
struct NameAnswer {
    std::string primary_address;
    std::string read_only_address;
    Epoch epoch{};
    Revision revision{};
    std::uint32_t ttl_seconds = 0;
};

/// What came back from one server: its answer, or why there is none.
struct Served {
    std::string server; // As an operator knows it: "ns-a (10.77.0.11:53)".
    Result<NameAnswer> answer;
};

/// One server that does not answer as wanted.
struct Deviation {
    std::string server;
    std::string reason;
    friend bool operator==(const Deviation&, const Deviation&) = default;
};

/// Whether a pair's names lead where its record says.
struct Publication {
    bool published = false;          // Every server answers as wanted; there is at least one.
    std::vector<Deviation> laggards; // Silent, failing, or still answering something older.
    std::vector<Deviation> ahead;    // Answer something newer than wanted: the wish is out of date,
                                     // and the zone must not be told to these servers again.
};

/// Wanted against served. What clients see decides: an older revision with the same epoch,
/// addresses and TTL counts as published.
[[nodiscard]] Publication publication(const Endpoint& wanted, const std::vector<Served>& served);

} // namespace lockstep::dns
