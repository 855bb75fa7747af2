#pragma once

#include <cstddef>
#include <string>

namespace lockstep::bench {

struct DurabilityOptions {
    std::string engine = "mariadb";
    std::size_t rounds = 5;
    bool json = false;
};

/// What a commit costs its client, by what the standby does before it acknowledges. Returns the
/// exit status.
[[nodiscard]] int measure_durability(const DurabilityOptions& options);

} // namespace lockstep::bench
