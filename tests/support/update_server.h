#pragma once

#include <string>
#include <string_view>

#include "dns/rfc2136/message.h"

namespace lockstep::dns {

/// The other side of an update, made with ldns: what a server would answer.
struct UpdateReply {
    unsigned rcode = 0;
    bool sign = true;
    unsigned signature_error = 0; // In the TSIG record; nonzero spoils its signature.
};

inline std::string absolute_name(const std::string& name) {
    return name + ".";
}

inline std::string reply_to(const SignedUpdate& sent, const TsigKey& key, UpdateReply with) {
    const LdnsOwned<ldns_pkt> reply(ldns_pkt_new());
    ldns_pkt_set_id(reply.get(), sent.id);
    ldns_pkt_set_qr(reply.get(), true);
    ldns_pkt_set_opcode(reply.get(), LDNS_PACKET_UPDATE);
    ldns_pkt_set_rcode(reply.get(), static_cast<std::uint8_t>(with.rcode));
    if (with.sign) {
        ldns_pkt_tsig_sign(reply.get(), absolute_name(key.name()).c_str(), key.secret().c_str(),
                           300, absolute_name(key.algorithm()).c_str(), sent.mac.get());
    }
    if (with.signature_error != 0) {
        constexpr std::size_t error_part = 5;
        const auto error = static_cast<std::uint16_t>(with.signature_error);
        ldns_rdf_deep_free(ldns_rr_set_rdf(ldns_pkt_tsig(reply.get()),
                                           ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, error),
                                           error_part));
    }
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    ldns_pkt2wire(&bytes, reply.get(), &size);
    const LdnsOwned<std::uint8_t> owned(bytes);
    return {reinterpret_cast<const char*>(bytes), size};
}

} // namespace lockstep::dns
