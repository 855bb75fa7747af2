#include "tests/sim/disk.h"

#include <algorithm>

namespace lockstep::sim {

std::size_t Disk::index_after(std::uint64_t offset) const {
    const auto found =
        std::ranges::upper_bound(log_, offset, {}, [](const LogEntry& entry) { return entry.end; });
    return static_cast<std::size_t>(found - log_.begin());
}

} // namespace lockstep::sim
