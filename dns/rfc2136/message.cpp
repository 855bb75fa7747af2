#include "dns/rfc2136/message.h"

#include <chrono>

namespace lockstep::dns {
namespace {

constexpr std::uint16_t clocks_may_differ_seconds = 300; // RFC 8945, 10

/// The parts of a TSIG record (RFC 8945, 4.2).
constexpr std::size_t algorithm_part = 0;
constexpr std::size_t mac_part = 3;
constexpr std::size_t original_id_part = 4;
constexpr std::size_t error_part = 5;

// RFC 8945, 3
constexpr unsigned bad_signature = 16;
constexpr unsigned bad_key = 17;
constexpr unsigned bad_time = 18;
constexpr unsigned bad_truncation = 22;

[[nodiscard]] std::string absolute(const std::string& name) {
    return name + ".";
}

/// A record without data, as prerequisites and deletions have them.
[[nodiscard]] LdnsOwned<ldns_rr> bare_record(const std::string& name, std::uint16_t type,
                                             ldns_rr_class its_class) {
    ldns_rdf* owner = ldns_dname_new_frm_str(absolute(name).c_str());
    LdnsOwned<ldns_rr> record(owner == nullptr ? nullptr : ldns_rr_new());
    if (!record) {
        ldns_rdf_deep_free(owner);
        return nullptr;
    }
    ldns_rr_set_owner(record.get(), owner);
    ldns_rr_set_type(record.get(), static_cast<ldns_rr_type>(type));
    ldns_rr_set_class(record.get(), its_class);
    ldns_rr_set_ttl(record.get(), 0);
    return record;
}

[[nodiscard]] LdnsOwned<ldns_rr> full_record(const Record& record) {
    const std::string line = absolute(record.name) + " " + std::to_string(record.ttl_seconds) +
                             " IN " + std::string(to_string(record.type)) + " " + record.data;
    ldns_rr* made = nullptr;
    if (ldns_rr_new_frm_str(&made, line.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) {
        return nullptr;
    }
    return LdnsOwned<ldns_rr>(made);
}

/// Puts records into one section after the other. Stops at the first that could not be made.
class Message {
public:
    void push(ldns_pkt_section section, LdnsOwned<ldns_rr> record) {
        if (!whole_ || !record || !ldns_pkt_push_rr(packet_.get(), section, record.get())) {
            whole_ = false;
            return;
        }
        static_cast<void>(record.release()); // The packet's now.
    }
    [[nodiscard]] ldns_pkt* whole() const { return whole_ ? packet_.get() : nullptr; }

private:
    LdnsOwned<ldns_pkt> packet_{ldns_pkt_new()};
    bool whole_ = packet_ != nullptr;
};

// What RFC 2136, 2, calls zone, prerequisites and update are the sections of any message.
constexpr auto zone_section = LDNS_SECTION_QUESTION;
constexpr auto prerequisites = LDNS_SECTION_ANSWER;
constexpr auto changes = LDNS_SECTION_AUTHORITY;

void fill(Message& message, const Update& update) {
    message.push(zone_section, bare_record(update.zone, LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN));
    for (const auto& name : update.unused) {
        message.push(prerequisites, bare_record(name, LDNS_RR_TYPE_ANY, LDNS_RR_CLASS_NONE));
    }
    for (const auto& record : update.exactly) {
        Record without_ttl = record;
        without_ttl.ttl_seconds = 0;
        message.push(prerequisites, full_record(without_ttl));
    }
    for (const auto& [name, type] : update.removed) {
        message.push(changes,
                     bare_record(name, static_cast<std::uint16_t>(type), LDNS_RR_CLASS_ANY));
    }
    for (const auto& record : update.added) {
        message.push(changes, full_record(record));
    }
}

[[nodiscard]] bool sign(ldns_pkt* packet, const TsigKey& key) {
    return ldns_pkt_tsig_sign(packet, absolute(key.name()).c_str(), key.secret().c_str(),
                              clocks_may_differ_seconds, absolute(key.algorithm()).c_str(),
                              nullptr) == LDNS_STATUS_OK;
}

[[nodiscard]] Result<std::string> wire_of(const ldns_pkt* packet) {
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    if (ldns_pkt2wire(&bytes, packet, &size) != LDNS_STATUS_OK) {
        return fail(Errc::refused, "the update cannot be written as a DNS message");
    }
    const LdnsOwned<std::uint8_t> owned(bytes);
    return std::string(reinterpret_cast<const char*>(bytes), size);
}

[[nodiscard]] bool is_number(const ldns_rdf* part) {
    return part != nullptr && ldns_rdf_size(part) == sizeof(std::uint16_t);
}

/// The signature's record of a reply, if it is whole.
[[nodiscard]] const ldns_rr* signature_of(const ldns_pkt* reply) {
    const ldns_rr* tsig = ldns_pkt_tsig(reply);
    const bool whole =
        tsig != nullptr && ldns_rr_rd_count(tsig) > error_part &&
        ldns_rr_rdf(tsig, algorithm_part) != nullptr && ldns_rr_rdf(tsig, mac_part) != nullptr &&
        is_number(ldns_rr_rdf(tsig, original_id_part)) && is_number(ldns_rr_rdf(tsig, error_part));
    return whole ? tsig : nullptr;
}

[[nodiscard]] bool is_dname(const ldns_rdf* found, const std::string& name) {
    const LdnsOwned<ldns_rdf> wanted(ldns_dname_new_frm_str(absolute(name).c_str()));
    return wanted && ldns_dname_compare(found, wanted.get()) == 0;
}

/// Whether the signature says of itself that it is one with this key of a reply to this message.
/// ldns doesn't look at these parts: it takes them from the key, or believes them (the algorithm).
[[nodiscard]] bool claims_to_be_of(const ldns_rr& tsig, const SignedUpdate& sent,
                                   const TsigKey& key) {
    return is_dname(ldns_rr_owner(&tsig), key.name()) &&
           ldns_rr_get_class(&tsig) == LDNS_RR_CLASS_ANY && ldns_rr_ttl(&tsig) == 0 &&
           is_dname(ldns_rr_rdf(&tsig, algorithm_part), key.algorithm()) &&
           ldns_rdf2native_int16(ldns_rr_rdf(&tsig, original_id_part)) == sent.id;
}

[[nodiscard]] bool is_signed(ldns_pkt* reply, std::string_view bytes, const SignedUpdate& sent,
                             const TsigKey& key) {
    const ldns_rr* tsig = signature_of(reply);
    return tsig != nullptr && claims_to_be_of(*tsig, sent, key) &&
           ldns_pkt_tsig_verify(reply, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                bytes.size(), absolute(key.name()).c_str(), key.secret().c_str(),
                                sent.mac.get());
}

[[nodiscard]] unsigned signature_error(const ldns_pkt* reply) {
    const ldns_rr* tsig = signature_of(reply);
    return tsig == nullptr ? 0U : ldns_rdf2native_int16(ldns_rr_rdf(tsig, error_part));
}

[[nodiscard]] tl::unexpected<Error> not_authorized(unsigned why, const std::string& zone,
                                                   const TsigKey& key) {
    const auto named = "key \"" + key.name() + "\" (" + key.algorithm() + ")";
    switch (why) {
    case bad_key:
        return fail(Errc::refused, "does not know " + named +
                                       ", or (Knot) has no acl that lets it "
                                       "update zone " +
                                       zone +
                                       " (BADKEY): name and algorithm must be the same in its "
                                       "configuration and in key_file");
    case bad_signature:
        return fail(Errc::refused, "has another secret for " + named +
                                       " (BADSIG): put the same key into its configuration and "
                                       "into key_file, then restart the controller");
    case bad_time:
        return fail(Errc::refused, "finds the message older or newer than 300 s (BADTIME): set "
                                   "the clocks of both machines (NTP)");
    case bad_truncation:
        return fail(Errc::refused, "wants a longer signature for " + named + " (BADTRUNC)");
    default:
        return fail(Errc::refused, "takes no updates for zone " + zone + " with " + named +
                                       " (NOTAUTH): it must be the zone's primary server, and "
                                       "know the key");
    }
}

[[nodiscard]] tl::unexpected<Error> rejected(unsigned rcode, const std::string& zone,
                                             const TsigKey& key) {
    switch (rcode) {
    case LDNS_RCODE_NXDOMAIN:
    case LDNS_RCODE_YXDOMAIN:
    case LDNS_RCODE_YXRRSET:
    case LDNS_RCODE_NXRRSET:
        return fail(Errc::conflict, "the names in zone " + zone +
                                        " are no longer as they were read, so nothing was changed");
    case LDNS_RCODE_SERVFAIL:
        return fail(Errc::unreachable, "could not change zone " + zone +
                                           " (SERVFAIL): its log says why; often the folder of "
                                           "the zone's file is not writable for it, or the zone "
                                           "is frozen");
    case LDNS_RCODE_REFUSED:
        return fail(Errc::refused,
                    "refuses updates of zone " + zone + " with key \"" + key.name() +
                        "\" (REFUSED): allow them (BIND: update-policy or allow-update; Knot: an "
                        "acl with action: update)");
    case LDNS_RCODE_NOTZONE:
        return fail(Errc::refused, "says that the names are not in zone " + zone + " (NOTZONE)");
    case LDNS_RCODE_NOTIMPL: return fail(Errc::refused, "has no dynamic updates (NOTIMP)");
    case LDNS_RCODE_FORMERR: return fail(Errc::refused, "does not understand the update (FORMERR)");
    default:
        return fail(Errc::refused, "answers response code " + std::to_string(rcode) +
                                       " to the update of zone " + zone);
    }
}

} // namespace

Result<SignedUpdate> encode_update(const Update& update, const TsigKey& key) {
    Message message;
    fill(message, update);
    ldns_pkt* packet = message.whole();
    if (packet == nullptr) {
        return fail(Errc::refused, "the update of zone " + update.zone +
                                       " has a name, an address or a text that DNS cannot hold");
    }
    ldns_pkt_set_opcode(packet, LDNS_PACKET_UPDATE);
    ldns_pkt_set_random_id(packet);
    if (!sign(packet, key)) {
        return fail(Errc::refused, "the update cannot be signed with key \"" + key.name() + "\"");
    }
    auto bytes = wire_of(packet);
    if (!bytes) {
        return tl::unexpected(bytes.error());
    }
    return SignedUpdate{
        *std::move(bytes), ldns_pkt_id(packet),
        LdnsOwned<ldns_rdf>(ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(packet), mac_part)))};
}

Result<void> read_update_reply(std::string_view reply, const SignedUpdate& sent,
                               const std::string& zone, const TsigKey& key) {
    ldns_pkt* parsed = nullptr;
    if (reply.size() > largest_update_reply_bytes ||
        ldns_wire2pkt(&parsed, reinterpret_cast<const std::uint8_t*>(reply.data()), reply.size()) !=
            LDNS_STATUS_OK) {
        return fail(Errc::corrupt, "its reply to an update does not parse");
    }
    const LdnsOwned<ldns_pkt> packet(parsed);
    if (!ldns_pkt_qr(parsed) || ldns_pkt_id(parsed) != sent.id ||
        ldns_pkt_get_opcode(parsed) != LDNS_PACKET_UPDATE) {
        return fail(Errc::corrupt, "answers something else than the update");
    }
    const unsigned rcode = ldns_pkt_get_rcode(parsed);
    if (rcode == LDNS_RCODE_NOTAUTH) { // Not signed where the key is the trouble.
        return not_authorized(signature_error(parsed), zone, key);
    }
    const bool authentic = is_signed(parsed, reply, sent, key);
    if (rcode == LDNS_RCODE_NOERROR && !authentic) {
        return fail(Errc::corrupt, "its reply to an update is not signed with key \"" + key.name() +
                                       "\": something else than the server answers");
    }
    if (rcode != LDNS_RCODE_NOERROR) {
        return rejected(rcode, zone, key);
    }
    return {};
}

} // namespace lockstep::dns
