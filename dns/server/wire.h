#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dns/decision/answer.h"

/// The wire format (RFC 1035, RFC 6891) of the name server: bytes in, bytes out, no sockets.
namespace lockstep::dns {

enum class Transport { udp, tcp };

/// A query is some dozen bytes long. Longer ones are refused unread, so that nobody can make the
/// server hold much for them.
inline constexpr std::size_t largest_query_bytes = 4096;
/// What passes every network unfragmented (DNS flag day 2020).
inline constexpr std::size_t largest_udp_reply_bytes = 1232;

/// The reply to one packet. None where a reply would do harm: to what is shorter than a header,
/// and to replies (two servers would answer each other for ever).
[[nodiscard]] std::optional<std::string> respond(std::string_view packet, const ZoneView& view,
                                                 Transport transport);

} // namespace lockstep::dns
