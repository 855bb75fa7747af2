#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dns/decision/answer.h"

namespace lockstep::dns {

/// The records of one type that a server answered for one name.
struct RecordSet {
    std::vector<std::string> data; // As zone files write it. Empty: it has none of this type.
    std::uint32_t ttl_seconds = 0;
};

/// Reads a server's reply to a question for `name` and `type`. Errors: `refused` if it is not
/// authoritative or its response code is not NOERROR (says which); `corrupt` if it does not parse.
[[nodiscard]] Result<RecordSet> read_reply(std::string_view packet, const std::string& name,
                                           RecordType type);

/// The same, but a name that does not exist (NXDOMAIN, authoritative) has no records.
[[nodiscard]] Result<RecordSet> read_reply_if_any(std::string_view packet, const std::string& name,
                                                  RecordType type);

/// The same for what a resolver found out for us: it need not be authoritative.
[[nodiscard]] Result<RecordSet> read_resolved(std::string_view packet, const std::string& name,
                                              RecordType type);

/// The number after `word=` in a pair's TXT record. Errors: `corrupt`.
[[nodiscard]] Result<std::uint64_t> read_number(const std::string& text, std::string_view word);

} // namespace lockstep::dns
