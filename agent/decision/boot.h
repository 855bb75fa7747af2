#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/record.h"
#include "core/wire/messages.h"

namespace lockstep {

/// What R5 asks before a server is started as primary.
struct BootFacts {
    MemberId self;
    std::optional<PairRecord> record;        // Accepted, on disk.
    bool withdrawn = false;                  // The controller knows no pair for it (any more).
    std::uint64_t request = 0;               // The start that is asked for now; 0: none.
    std::optional<wire::StartPermit> permit; // The last one told.
};

struct BootVerdict {
    bool allowed = false;
    std::string_view because;
};

/// R5: may the server be started as primary?
[[nodiscard]] BootVerdict may_start_as_primary(const BootFacts& facts);

} // namespace lockstep
