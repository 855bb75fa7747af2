#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/result.h"

namespace lockstep {

/// "shop-20261126t034500z-a1b2": the pair, when it was asked for (UTC), something random.
[[nodiscard]] std::string snapshot_id(const PairName& pair, std::int64_t unix_ms,
                                      std::string_view random);
/// The pair in an id. Errors: `refused` if it is none.
[[nodiscard]] Result<PairName> pair_of_snapshot(std::string_view id);
/// A name that an operator gives to a snapshot; its id stays what it is. Errors: `refused`, naming
/// what is allowed.
[[nodiscard]] Result<std::string> parse_snapshot_name(std::string_view text);

} // namespace lockstep
