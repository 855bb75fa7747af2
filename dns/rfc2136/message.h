#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "dns/decision/update.h"
#include "dns/rfc2136/tsig_key.h"
#include "dns/server/ldns_objects.h"

/// RFC 2136 messages, signed as RFC 8945 has it: bytes in, bytes out, no sockets.
namespace lockstep::dns {

/// A message ready to be sent, and what is needed to check its reply.
struct SignedUpdate {
    std::string bytes;
    std::uint16_t id = 0;
    LdnsOwned<ldns_rdf> mac; // The signature, on which the reply's is built.
};

/// Errors: `refused` if a name or an address in `update` is none.
[[nodiscard]] Result<SignedUpdate> encode_update(const Update& update, const TsigKey& key);

/// A reply is a header and its signature, and at most a copy of what was sent.
inline constexpr std::size_t largest_update_reply_bytes = 16384;

/// What the server says of the update. Only a signed NOERROR is a success. Errors:
/// - `conflict`: the zone is no longer as the update wants it: read again
/// - `refused`: the key, the clock or the server's configuration; says which, and what to do
/// - `unreachable`: the server could not do it now (SERVFAIL): it changed nothing
/// - `corrupt`: not a reply to this message, or not signed with the key
[[nodiscard]] Result<void> read_update_reply(std::string_view reply, const SignedUpdate& sent,
                                             const std::string& zone, const TsigKey& key);

} // namespace lockstep::dns
