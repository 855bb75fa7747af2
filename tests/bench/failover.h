#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lockstep::bench {

struct FailoverOptions {
    std::string engine = "postgresql";
    std::vector<std::string> names;
    std::size_t repeat = 5;
    std::string events;       // A file; empty: none.
    std::size_t data_mib = 0; // What the database holds besides what is measured.
    bool json = false;
};

/// For people, a line each.
[[nodiscard]] std::string scenario_list();

/// What clients notice of each fault, beside what is possible. Returns the exit status.
[[nodiscard]] int measure_failover(const FailoverOptions& options);

} // namespace lockstep::bench
