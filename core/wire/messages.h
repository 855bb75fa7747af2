#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/endpoint.h"
#include "core/kept_divergence.h"
#include "core/observation.h"
#include "core/record.h"
#include "core/snapshot.h"

/// What controller and agent say to each other (DECISIONS.md 6). The agent dials.
namespace lockstep::wire {

inline constexpr std::uint32_t protocol_version = 2;

/// agent → controller, first frame: who speaks. The certificate's CN must be `member`.
struct Hello {
    std::uint32_t protocol = protocol_version;
    MemberId member;
    std::string instance; // Random for each start of the agent.
    std::string machine_id;
    std::string zone;
    std::string host;
    std::string address; // Of its database.
    std::uint16_t port = 0;
    std::uint16_t probe_port = 0;
    std::string dns_address; // "ADDRESS:PORT" at which its DNS server answers; empty: it has none.
    std::string engine;
    friend bool operator==(const Hello&, const Hello&) = default;
};

/// A moment of one run of an agent, by its own clock. To everybody else a word to be echoed.
struct Stamp {
    std::string instance; // Of its Hello.
    Milliseconds at{0};
    friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// agent → controller, on change and every 200 ms.
struct Status {
    Observation observation;
    Stamp stamp; // When it was sent.
    friend bool operator==(const Status&, const Status&) = default;
};

/// agent → controller: something that happened on the member, for the event log.
struct Report {
    std::string kind;
    std::string severity; // "info", "warning", "alarm"
    std::string message;
    std::int64_t unix_ms = 0;
    friend bool operator==(const Report&, const Report&) = default;
};

/// One authoritative server of the zone.
struct NameServer {
    std::string host;    // Label inside the zone: "ns-a".
    std::string address; // IP address
    std::uint16_t port = 53;
    friend bool operator==(const NameServer&, const NameServer&) = default;
};

/// The zone as every server should answer it.
struct Zone {
    std::string name; // "db.example.org"
    std::uint32_t serial = 0;
    std::vector<NameServer> servers;
    std::vector<Endpoint> endpoints;
    friend bool operator==(const Zone&, const Zone&) = default;
};

/// R5: a controller read the record from its store after start request `request`, and it names
/// the member as primary of `epoch`.
struct StartPermit {
    std::uint64_t request = 0;
    Epoch epoch{};
    friend bool operator==(const StartPermit&, const StartPermit&) = default;
};

/// controller → agent, on every revision and each second: the whole truth for that agent.
struct Told {
    std::string store_id;
    std::optional<PairRecord> record; // Empty: the agent is in no pair.
    std::optional<StartPermit> permit;
    /// R6: the newest stamp that was heard before the store was read and found to hold this very
    /// record. When this message arrives says nothing of that; empty: not proved yet.
    std::optional<Stamp> proof;
    Zone zone;
    std::vector<SnapshotOrder> orders; // For the pair's archiver; all that are not ended.
    friend bool operator==(const Told&, const Told&) = default;
};

/// controller → agent: the stream is refused, and why; the controller then closes it.
struct Refused {
    std::string reason;
    friend bool operator==(const Refused&, const Refused&) = default;
};

/// new host → controller, over a stream without a client certificate: a join (DECISIONS.md 5).
struct Enroll {
    MemberId member;
    std::string secret;
    std::string csr_pem;
    friend bool operator==(const Enroll&, const Enroll&) = default;
};

/// controller → new host.
struct Enrolled {
    std::string certificate_pem;
    std::string ca_pem;
    std::string store_id;
    friend bool operator==(const Enrolled&, const Enrolled&) = default;
};

/// agent → controller, after the greeting and on change: all that is kept on its host (R8), the
/// newest `most_divergences` of it.
struct Divergences {
    std::vector<KeptDivergence> kept;
    friend bool operator==(const Divergences&, const Divergences&) = default;
};
inline constexpr std::size_t most_divergences = 50;

/// agent → controller, after the greeting and on change, while it is its pair's archiver.
struct Snapshots {
    SnapshotReport report;
    friend bool operator==(const Snapshots&, const Snapshots&) = default;
};

using Message =
    std::variant<Hello, Status, Report, Told, Refused, Enroll, Enrolled, Divergences, Snapshots>;

} // namespace lockstep::wire
