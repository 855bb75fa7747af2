#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dns/decision/answer.h"
#include "dns/server/ldns_objects.h"

namespace lockstep::dns {

/// The fixed part of a message that a reply repeats.
struct Header {
    std::uint16_t id = 0;
    bool is_reply = false;
    std::uint8_t opcode = 0;
    bool recursion_desired = false;
    bool checking_disabled = false;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
    std::uint16_t authority = 0;
    std::uint16_t additional = 0;
};

/// What the asker says of itself in an OPT record (RFC 6891, 6.1.3).
struct Edns {
    std::uint16_t udp_bytes = 0;
    std::uint8_t version = 0;
    bool dnssec_ok = false;
};

/// What of a query could be read. `question` is kept as ldns has it, to be repeated to the bit.
struct Query {
    LdnsOwned<ldns_rr> question_record;
    Question question;
    std::optional<Edns> edns;
    bool malformed = false;
};

/// None if the packet is shorter than a header.
[[nodiscard]] std::optional<Header> read_header(std::string_view packet);
/// Reads what follows the header, up to the first thing that is wrong.
[[nodiscard]] Query read_query(std::string_view packet, const Header& header);

} // namespace lockstep::dns
