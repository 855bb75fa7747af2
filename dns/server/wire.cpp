#include "dns/server/wire.h"

#include <algorithm>
#include <limits>

#include "dns/server/query.h"

namespace lockstep::dns {
namespace {

constexpr std::size_t smallest_udp_limit_bytes = 512; // RFC 1035, 4.2.1
constexpr std::uint8_t bad_version = 16;              // RFC 6891, 9

/// A reply in the making. Its response code is wider than the header's four bits.
struct Reply {
    const Header& header;
    const Query& query;
    unsigned rcode = 0;
    bool truncated = false;
};

[[nodiscard]] bool push(ldns_pkt* packet, ldns_pkt_section section,
                        const std::vector<Record>& records) {
    for (const Record& record : records) {
        const std::string line = record.name + ". " + std::to_string(record.ttl_seconds) + " IN " +
                                 std::string(to_string(record.type)) + " " + record.data;
        ldns_rr* made = nullptr;
        if (ldns_rr_new_frm_str(&made, line.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) {
            return false;
        }
        LdnsOwned<ldns_rr> owned(made);
        if (!ldns_pkt_push_rr(packet, section, owned.get())) {
            return false;
        }
        static_cast<void>(owned.release()); // The packet's now.
    }
    return true;
}

void set_header(ldns_pkt* packet, const Reply& reply) {
    ldns_pkt_set_id(packet, reply.header.id);
    ldns_pkt_set_qr(packet, true);
    ldns_pkt_set_opcode(packet, static_cast<ldns_pkt_opcode>(reply.header.opcode));
    ldns_pkt_set_rd(packet, reply.header.recursion_desired);
    ldns_pkt_set_cd(packet, reply.header.checking_disabled);
    ldns_pkt_set_tc(packet, reply.truncated);
    ldns_pkt_set_rcode(packet, static_cast<std::uint8_t>(reply.rcode & 0x0FU));
    if (reply.query.edns) {
        ldns_pkt_set_edns_udp_size(packet, largest_udp_reply_bytes);
        ldns_pkt_set_edns_extended_rcode(packet, static_cast<std::uint8_t>(reply.rcode >> 4U));
        ldns_pkt_set_edns_do(packet, reply.query.edns->dnssec_ok); // RFC 3225, 3: repeated
    }
}

[[nodiscard]] bool push_question(ldns_pkt* packet, const Query& query) {
    if (!query.question_record) {
        return true;
    }
    LdnsOwned<ldns_rr> question(ldns_rr_clone(query.question_record.get()));
    if (!question || !ldns_pkt_push_rr(packet, LDNS_SECTION_QUESTION, question.get())) {
        return false;
    }
    static_cast<void>(question.release()); // The packet's now.
    return true;
}

/// None if ldns can't write it: a record that came from the zone is none.
[[nodiscard]] std::optional<std::string> encode(const Reply& reply, const Answer& answer) {
    const LdnsOwned<ldns_pkt> packet(ldns_pkt_new());
    if (!packet) {
        return std::nullopt;
    }
    set_header(packet.get(), reply);
    ldns_pkt_set_aa(packet.get(), answer.authoritative);
    if (!push_question(packet.get(), reply.query) ||
        !push(packet.get(), LDNS_SECTION_ANSWER, answer.answers) ||
        !push(packet.get(), LDNS_SECTION_AUTHORITY, answer.authority) ||
        !push(packet.get(), LDNS_SECTION_ADDITIONAL, answer.additional)) {
        return std::nullopt;
    }
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    if (ldns_pkt2wire(&bytes, packet.get(), &size) != LDNS_STATUS_OK) {
        return std::nullopt;
    }
    const LdnsOwned<std::uint8_t> owned(bytes);
    return std::string(reinterpret_cast<const char*>(bytes), size);
}

[[nodiscard]] std::size_t limit_bytes(const Query& query, Transport transport) {
    if (transport == Transport::tcp) {
        return std::numeric_limits<std::uint16_t>::max();
    }
    const std::size_t asked = query.edns ? query.edns->udp_bytes : smallest_udp_limit_bytes;
    return std::clamp(asked, smallest_udp_limit_bytes, largest_udp_reply_bytes);
}

/// As much of the answer as fits: additional records may be left out (RFC 2181, 9); without the
/// others the reply is marked, and the asker comes again by TCP.
[[nodiscard]] std::optional<std::string> encode_within(std::size_t limit, Reply reply,
                                                       Answer answer) {
    reply.rcode = static_cast<unsigned>(answer.rcode);
    auto bytes = encode(reply, answer);
    if (bytes && bytes->size() > limit) {
        answer.additional.clear();
        bytes = encode(reply, answer);
    }
    if (bytes && bytes->size() > limit) {
        answer.answers.clear();
        answer.authority.clear();
        reply.truncated = true;
        bytes = encode(reply, answer);
    }
    if (!bytes) {
        reply.rcode = static_cast<unsigned>(Rcode::server_failure);
        bytes = encode(reply, Answer{});
    }
    return bytes;
}

} // namespace

std::optional<std::string> respond(std::string_view packet, const ZoneView& view,
                                   Transport transport) {
    const auto header = read_header(packet);
    if (!header || header->is_reply) {
        return std::nullopt;
    }
    Query query;
    query.malformed = true;
    if (packet.size() <= largest_query_bytes) {
        query = read_query(packet, *header);
    }
    const Reply reply{*header, query};
    const std::size_t limit = limit_bytes(query, transport);
    if (header->opcode != LDNS_PACKET_QUERY) {
        return encode_within(limit, reply, Answer{.rcode = Rcode::not_implemented});
    }
    if (query.malformed) {
        return encode_within(limit, reply, Answer{.rcode = Rcode::format_error});
    }
    if (query.edns && query.edns->version > 0) {
        return encode(Reply{*header, query, bad_version}, Answer{});
    }
    return encode_within(limit, reply, answer(view, query.question));
}

} // namespace lockstep::dns
