#pragma once

#include <string>
#include <vector>

#include "core/endpoint.h"
#include "dns/decision/answer.h"

/// Wanted against served, for a zone that somebody else serves: what has to be sent there.
namespace lockstep::dns {

/// All records of one type at one name.
struct RecordSetName {
    std::string name;
    RecordType type{};
    friend bool operator==(const RecordSetName&, const RecordSetName&) = default;
};

/// One change of a zone, which takes effect as a whole or not at all (RFC 2136, 3).
struct Update {
    std::string zone;
    // What must hold, or the server changes nothing:
    std::vector<std::string> unused; // No records at these names (2.4.5).
    std::vector<Record> exactly;     // These record sets, and they are just so (2.4.2).
    // The change, in this order:
    std::vector<RecordSetName> removed; // 2.5.2; none there is no error.
    std::vector<Record> added;          // 2.5.1
};

/// What to do to a zone.
struct Plan {
    enum class Kind {
        nothing,     // It is as wanted.
        update,      // Send `update`.
        newer_there, // Something newer than the wish: nothing may be sent. `reason` says what.
        name_taken,  // The name is somebody else's. `reason` says what is there and what to do.
    };
    Kind kind = Kind::nothing;
    Update update{};
    std::string reason{};
};

/// `served`: the A, AAAA and TXT records at both names, as the zone's primary server has them.
///
/// The TXT record beside the primary's address tells of which record it is, and an update is
/// sent under the condition that it still says what was read: a slower, older publication finds
/// another TXT record there and changes nothing. A name without it is taken only while it is
/// unused.
[[nodiscard]] Plan plan_publication(const std::string& zone, const Endpoint& wanted,
                                    const std::vector<Record>& served);

/// The same for a pair that is no more, whose last endpoint was `last`: takes away what
/// plan_publication() made, and nothing else.
[[nodiscard]] Plan plan_withdrawal(const std::string& zone, const Endpoint& last,
                                   const std::vector<Record>& served);

/// "shop.db.example.org", "shop-ro.db.example.org"
[[nodiscard]] std::string primary_name(const PairName& pair, const std::string& zone);
[[nodiscard]] std::string read_only_name(const PairName& pair, const std::string& zone);

} // namespace lockstep::dns
