#pragma once

#include <cstdint>
#include <string>

#include "core/record.h"

namespace lockstep {

/// Where a pair's names lead under one record. `NAME.zone` is the primary; `NAME-ro.zone` the
/// in-sync standby, or the primary when there is none (F16: what readers see is never ahead of
/// what gets promoted).
struct Endpoint {
    PairName pair;
    std::string primary_address;
    std::string read_only_address;
    Epoch epoch{};
    Revision revision{};
    std::uint32_t ttl_seconds = 2;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

[[nodiscard]] Endpoint endpoint_of(const PairRecord& record);

} // namespace lockstep
