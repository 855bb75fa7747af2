#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/scenarios.h"
#include "tests/support/testbed/timeline.h"

namespace lockstep::bench {

/// By name, in milliseconds.
using PhaseTimes = std::map<std::string, std::int64_t>;

/// What one run of a scenario showed. Milliseconds, from the fault on.
struct Sample {
    std::int64_t outage = 0;         // Of the clients, which find the primary by name.
    std::int64_t outage_servers = 0; // … counting probes that talk to one server each as well.
    std::int64_t down_total = 0;     // All times over half a second without a client's write.
    PhaseTimes phases;
    std::optional<std::int64_t> fenced;    // The database of the struck primary was gone.
    std::optional<std::int64_t> redundant; // In sync again.
    std::optional<std::int64_t> redundant_after_mending;
    std::vector<testbed::Moment> moments; // What the controller wrote down.
    std::uint64_t acknowledged = 0;
    std::uint64_t lost = 0;
    std::uint64_t split = 0;
    std::uint64_t failed = 0; // Clients' writes refused or abandoned, and failed connections.
};

struct Range {
    std::int64_t min = 0;
    std::int64_t median = 0;
    std::int64_t max = 0;
};
/// Of at least one value.
[[nodiscard]] Range range_of(std::vector<std::int64_t> values);

/// A scenario, and what all its runs showed.
struct Result {
    const Scenario* scenario = nullptr;
    testbed::Engine engine = testbed::Engine::postgresql;
    std::vector<Sample> samples;
    std::string trouble; // Why a run could not be made; empty: all were.

    [[nodiscard]] const Aims& aims() const { return scenario->aims(engine); }
    [[nodiscard]] Range outage() const;
    [[nodiscard]] Range outage_servers() const;
    [[nodiscard]] Range down_total() const;
    [[nodiscard]] std::optional<Range> fenced() const;
    [[nodiscard]] std::optional<Range> redundant() const;
    [[nodiscard]] std::optional<Range> redundant_after_mending() const;
    [[nodiscard]] PhaseTimes median_phases() const;
    [[nodiscard]] std::uint64_t lost() const;
    [[nodiscard]] std::uint64_t split() const;
    [[nodiscard]] std::uint64_t failed() const;
    /// What of the target was missed, in words; empty: nothing.
    [[nodiscard]] std::string missed(std::int64_t floor) const;
};

} // namespace lockstep::bench
