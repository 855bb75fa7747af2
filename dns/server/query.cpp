#include "dns/server/query.h"

namespace lockstep::dns {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::uint16_t opt_type = 41;

[[nodiscard]] std::uint8_t byte_at(std::string_view packet, std::size_t place) {
    return static_cast<std::uint8_t>(packet[place]);
}

[[nodiscard]] std::uint16_t number_at(std::string_view packet, std::size_t place) {
    return static_cast<std::uint16_t>(byte_at(packet, place) << 8U | byte_at(packet, place + 1));
}

/// Reads records one by one. Not ldns_wire2pkt(): it drops all but the last OPT record, and
/// believes the header's counts.
class Reader {
public:
    explicit Reader(std::string_view packet) : packet_(packet) {}

    [[nodiscard]] LdnsOwned<ldns_rr> read(ldns_pkt_section section) {
        ldns_rr* record = nullptr;
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(packet_.data());
        if (place_ >= packet_.size() ||
            ldns_wire2rr(&record, bytes, packet_.size(), &place_, section) != LDNS_STATUS_OK) {
            return nullptr;
        }
        return LdnsOwned<ldns_rr>(record);
    }
    /// A question's name is the first name of a packet, so there is nothing a compression pointer
    /// could point to. Those that are there anyway make loops.
    [[nodiscard]] bool name_is_plain() const {
        std::size_t place = place_;
        while (place < packet_.size() && byte_at(packet_, place) != 0) {
            if (byte_at(packet_, place) > 63) {
                return false;
            }
            place += 1U + byte_at(packet_, place);
        }
        return place < packet_.size();
    }
    [[nodiscard]] bool at_end() const { return place_ == packet_.size(); }

private:
    std::string_view packet_;
    std::size_t place_ = header_bytes;
};

/// More than a query can have: one question; an SOA in authority (IXFR); OPT and a signature.
[[nodiscard]] bool has_odd_counts(const Header& header) {
    return header.questions != 1 || header.answers != 0 || header.authority > 1 ||
           header.additional > 2;
}

[[nodiscard]] std::string name_of(const ldns_rr& record) {
    const LdnsOwned<char> text(ldns_rdf2str(ldns_rr_owner(&record)));
    std::string name(text ? text.get() : "");
    if (name.ends_with('.')) {
        name.pop_back(); // Always the root's: ldns escapes a dot inside a label, and ends in one.
    }
    return name;
}

/// False at a second OPT record, or one that is not at the root (RFC 6891, 6.1.1).
[[nodiscard]] bool take_opt(const ldns_rr& record, std::optional<Edns>& edns) {
    if (edns || !name_of(record).empty()) {
        return false;
    }
    const std::uint32_t flags = ldns_rr_ttl(&record);
    edns = Edns{static_cast<std::uint16_t>(ldns_rr_get_class(&record)),
                static_cast<std::uint8_t>(flags >> 16U & 0xFFU), (flags & 0x8000U) != 0};
    return true;
}

[[nodiscard]] bool read_rest(Reader& reader, const Header& header, Query& query) {
    for (unsigned read = 0; read < header.authority; ++read) {
        if (!reader.read(LDNS_SECTION_AUTHORITY)) {
            return false;
        }
    }
    for (unsigned read = 0; read < header.additional; ++read) {
        const auto record = reader.read(LDNS_SECTION_ADDITIONAL);
        if (!record) {
            return false;
        }
        if (ldns_rr_get_type(record.get()) == opt_type && !take_opt(*record, query.edns)) {
            return false;
        }
    }
    return reader.at_end();
}

} // namespace

std::optional<Header> read_header(std::string_view packet) {
    if (packet.size() < header_bytes) {
        return std::nullopt;
    }
    const std::uint8_t first = byte_at(packet, 2);
    Header header;
    header.id = number_at(packet, 0);
    header.is_reply = (first & 0x80U) != 0;
    header.opcode = static_cast<std::uint8_t>(first >> 3U & 0x0FU);
    header.recursion_desired = (first & 0x01U) != 0;
    header.checking_disabled = (byte_at(packet, 3) & 0x10U) != 0;
    header.questions = number_at(packet, 4);
    header.answers = number_at(packet, 6);
    header.authority = number_at(packet, 8);
    header.additional = number_at(packet, 10);
    return header;
}

Query read_query(std::string_view packet, const Header& header) {
    Query query;
    query.malformed = true;
    Reader reader(packet);
    if (has_odd_counts(header) || !reader.name_is_plain()) {
        return query;
    }
    query.question_record = reader.read(LDNS_SECTION_QUESTION);
    if (!query.question_record) {
        return query;
    }
    const ldns_rr& record = *query.question_record;
    query.question =
        Question{name_of(record), static_cast<std::uint16_t>(ldns_rr_get_type(&record)),
                 static_cast<std::uint16_t>(ldns_rr_get_class(&record)), header.opcode};
    query.malformed = !read_rest(reader, header, query);
    return query;
}

} // namespace lockstep::dns
