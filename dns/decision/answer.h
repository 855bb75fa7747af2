#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/messages.h"

namespace lockstep::dns {

/// What one server may say at this moment: the zone, and for which pairs it can vouch. For a pair
/// that it can't vouch for it answers SERVFAIL, so that the resolver asks another server.
struct ZoneView {
    wire::Zone zone; // Without a name: not told yet, and every question gets SERVFAIL.
    std::set<PairName> vouched;
    /// Whether the zone is fresh enough to say that a name does not exist. A server that was last
    /// told of the zone long ago may not know a new pair: SERVFAIL instead of NXDOMAIN.
    bool may_deny = true;
};

/// RFC 1035, 4.1.1.
enum class Rcode : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    no_such_name = 3,
    not_implemented = 4,
    refused = 5,
};

enum class RecordType : std::uint16_t {
    a = 1,
    ns = 2,
    soa = 6,
    txt = 16,
    aaaa = 28,
    ixfr = 251,
    axfr = 252,
    any = 255,
};

[[nodiscard]] std::string_view to_string(Rcode rcode);
[[nodiscard]] std::string_view to_string(RecordType type);

inline constexpr std::uint16_t internet_class = 1;

/// One question, with the name as zone files write it (RFC 1035, 5.1: a dot or backslash inside a
/// label is escaped), in the asker's own case, without the last dot. The root is empty.
struct Question {
    std::string name;
    std::uint16_t type = 0;
    std::uint16_t record_class = internet_class;
    std::uint8_t opcode = 0;
};

/// One record, its data as zone files write it; names in it end in a dot.
struct Record {
    std::string name; // Without the last dot.
    RecordType type{};
    std::uint32_t ttl_seconds = 0;
    std::string data;
    friend bool operator==(const Record&, const Record&) = default;
};

struct Answer {
    Rcode rcode = Rcode::no_error;
    bool authoritative = false;
    std::vector<Record> answers{};
    std::vector<Record> authority{};
    std::vector<Record> additional{};
};

/// What this server answers. Names are compared without regard to case, and answered in the case
/// of the question. Total: whatever is asked gets an answer.
[[nodiscard]] Answer answer(const ZoneView& view, const Question& question);

} // namespace lockstep::dns
