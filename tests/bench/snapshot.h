#pragma once

#include <cstddef>
#include <string>

namespace lockstep::bench {

struct SnapshotOptions {
    std::string engine = "postgresql";
    std::size_t data_mib = 2048;
    std::size_t clients = 4;
    std::size_t rounds = 3;
    std::size_t seconds = 20; // Of load alone in each round, and of looks at the restorable time.
    bool json = false;
};

/// How fast a snapshot is taken of a pair under load, what the primary notices of it, how fast one
/// is restored, each beside the bare tools, and how far the restorable time lags. Returns the exit
/// status.
[[nodiscard]] int measure_snapshot(const SnapshotOptions& options);

} // namespace lockstep::bench
