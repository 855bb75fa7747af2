#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace lockstep {

/// A member of a pair, which is also the name of the agent beside it. Lower case letters, digits
/// and `_`, beginning with a letter, at most 32 characters: it becomes part of names inside the
/// engines, of host names and of certificates.
using MemberId = std::string;

/// A pair's name: the first label of its endpoint. Letters, digits and `-` as a host name has
/// them (RFC 1123, 2.1), lower case, beginning with a letter, at most 32 characters, not ending
/// in `-ro` (that is the read-only endpoint of another pair).
using PairName = std::string;

/// Rises by one at each change of primary.
enum class Epoch : std::uint64_t {};

/// Which state of the store a record is of. Revisions come from one counter for the whole store,
/// so a pair's revisions rise but have gaps.
enum class Revision : std::uint64_t {};

[[nodiscard]] constexpr std::uint64_t number(Epoch epoch) {
    return static_cast<std::uint64_t>(epoch);
}
[[nodiscard]] constexpr std::uint64_t number(Revision revision) {
    return static_cast<std::uint64_t>(revision);
}
[[nodiscard]] constexpr Epoch next(Epoch epoch) {
    return Epoch{number(epoch) + 1};
}
[[nodiscard]] constexpr Revision next(Revision revision) {
    return Revision{number(revision) + 1};
}

/// Errors: `refused`, naming what is allowed.
[[nodiscard]] Result<MemberId> parse_member_id(std::string_view text);
[[nodiscard]] Result<PairName> parse_pair_name(std::string_view text);

} // namespace lockstep
