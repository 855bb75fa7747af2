#pragma once

#include <cstdint>
#include <optional>

#include "controller/decision/decide.h"
#include "core/wire/messages.h"

namespace lockstep {

/// R5: permission for the primary to start its database, given under one revision.
struct IssuedPermit {
    MemberId member;
    Revision revision{};
    wire::StartPermit permit;
};

/// The start request of the primary that may be granted under this decision, once the store has
/// been read; empty: none.
[[nodiscard]] std::optional<std::uint64_t>
grantable_request(const PairRecord& record, const View& view, const Decision& decision);

/// The permit for `request`, if the record read from the store after it was seen is the one that
/// was decided upon.
[[nodiscard]] std::optional<IssuedPermit>
permit_after_read(const PairRecord& decided_upon, const PairRecord& stored, std::uint64_t request);

/// Whether a permit given earlier still stands: same record, same request, same decision.
[[nodiscard]] bool still_stands(const IssuedPermit& permit, const PairRecord& record,
                                std::optional<std::uint64_t> grantable);

} // namespace lockstep
