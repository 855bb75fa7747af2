#pragma once

#include <functional>
#include <string>

#include "tests/sim/history.h"

namespace lockstep::sim {

/// The sum of many histories.
struct Totals {
    std::uint64_t histories = 0;
    std::uint64_t faults = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t lost = 0;
    std::uint64_t violations = 0;
    double seconds = 0;

    void add(const HistoryOutcome& outcome);
    void add(const Totals& others);
    [[nodiscard]] std::string json() const;
    [[nodiscard]] std::string text() const;
};

/// Of which engine a seed's history is; of both: they take turns.
enum class Engines { postgresql, semisync, both };
[[nodiscard]] Engine engine_of(std::uint64_t seed, Engines engines);

/// Runs the histories of `count` seeds from `first` on, on every processor there is, each in a
/// process of its own. `violated` is called, in this process, for each that broke an invariant.
[[nodiscard]] Totals run_many(std::uint64_t first, std::uint64_t count, Engines engines,
                              const std::function<void(const HistoryOutcome&)>& violated);

} // namespace lockstep::sim
