#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/operations.h"
#include "core/record.h"

namespace lockstep {

/// What differs between two records, a sentence each, for dry runs. `before` is empty for a new
/// pair.
[[nodiscard]] std::vector<std::string> describe_change(const std::optional<PairRecord>& before,
                                                       const PairRecord& after);
/// What goes with a pair that is deleted, and what is done before.
[[nodiscard]] std::vector<std::string> describe_removal(const PairRecord& record,
                                                        const DeletePair& request);
[[nodiscard]] std::vector<std::string> describe_protection(const PairName& pair, Protection before,
                                                           Protection after);

} // namespace lockstep
