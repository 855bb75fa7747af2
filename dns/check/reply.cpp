#include "dns/check/reply.h"

#include <algorithm>
#include <charconv>

#include "dns/server/ldns_objects.h"

namespace lockstep::dns {
namespace {

[[nodiscard]] std::string data_of(const ldns_rr& record) {
    if (ldns_rr_rd_count(&record) == 0) {
        return {};
    }
    const LdnsOwned<char> text(ldns_rdf2str(ldns_rr_rdf(&record, 0)));
    return text ? std::string(text.get()) : std::string();
}

[[nodiscard]] bool is_of(const ldns_rr& record, const ldns_rdf& name, RecordType type) {
    return ldns_rr_get_type(&record) == static_cast<ldns_rr_type>(type) &&
           ldns_dname_compare(ldns_rr_owner(&record), &name) == 0;
}

[[nodiscard]] Result<LdnsOwned<ldns_pkt>> parsed(std::string_view packet, const std::string& name) {
    ldns_pkt* made = nullptr;
    if (ldns_wire2pkt(&made, reinterpret_cast<const std::uint8_t*>(packet.data()), packet.size()) !=
        LDNS_STATUS_OK) {
        return fail(Errc::corrupt, "its reply for " + name + " does not parse");
    }
    return LdnsOwned<ldns_pkt>(made);
}

[[nodiscard]] Result<void> expect_success(const ldns_pkt& reply, const std::string& name) {
    if (const auto rcode = ldns_pkt_get_rcode(&reply); rcode != LDNS_RCODE_NOERROR) {
        return fail(Errc::refused, "answers " + std::string(to_string(static_cast<Rcode>(rcode))) +
                                       " for " + name);
    }
    return {};
}

[[nodiscard]] Result<void> expect_authority(const ldns_pkt& reply, const std::string& name) {
    if (!ldns_pkt_aa(&reply)) {
        return fail(Errc::refused, "its answer for " + name + " is not authoritative");
    }
    return {};
}

[[nodiscard]] Result<RecordSet> records_in(const ldns_pkt& reply, const std::string& name,
                                           RecordType type) {
    const LdnsOwned<ldns_rdf> owner(ldns_dname_new_frm_str(name.c_str()));
    if (!owner) {
        return fail(Errc::refused, name + " is no domain name");
    }
    RecordSet found;
    const ldns_rr_list* answers = ldns_pkt_answer(&reply);
    for (std::size_t at = 0; at < ldns_rr_list_rr_count(answers); ++at) {
        const ldns_rr& record = *ldns_rr_list_rr(answers, at);
        if (is_of(record, *owner, type)) {
            found.data.push_back(data_of(record));
            found.ttl_seconds = ldns_rr_ttl(&record);
        }
    }
    return found;
}

} // namespace

Result<RecordSet> read_reply(std::string_view packet, const std::string& name, RecordType type) {
    const auto reply = parsed(packet, name);
    if (!reply) {
        return tl::unexpected(reply.error());
    }
    return expect_success(**reply, name)
        .and_then([&] { return expect_authority(**reply, name); })
        .and_then([&] { return records_in(**reply, name, type); });
}

Result<RecordSet> read_reply_if_any(std::string_view packet, const std::string& name,
                                    RecordType type) {
    const auto reply = parsed(packet, name);
    if (reply && ldns_pkt_get_rcode(reply->get()) == LDNS_RCODE_NXDOMAIN) {
        return expect_authority(**reply, name).map([] { return RecordSet(); });
    }
    return read_reply(packet, name, type);
}

Result<RecordSet> read_resolved(std::string_view packet, const std::string& name, RecordType type) {
    const auto reply = parsed(packet, name);
    if (!reply) {
        return tl::unexpected(reply.error());
    }
    return expect_success(**reply, name).and_then([&] { return records_in(**reply, name, type); });
}

Result<std::uint64_t> read_number(const std::string& text, std::string_view word) {
    const std::string key = std::string(word) + "=";
    const std::size_t at = text.find(key);
    std::uint64_t value = 0;
    if (at != std::string::npos) {
        const char* begin = text.data() + at + key.size();
        const char* end = text.data() + text.size();
        if (std::from_chars(begin, end, value).ec == std::errc()) {
            return value;
        }
    }
    return fail(Errc::corrupt, "its TXT record " + text + " has no " + key + "NUMBER");
}

} // namespace lockstep::dns
