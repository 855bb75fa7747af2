#pragma once

#include <iosfwd>
#include <vector>

#include "tests/bench/measurement.h"
#include "tests/support/testbed/floor.h"

namespace lockstep::bench {

/// An array with an object for each scenario.
void print_json(const std::vector<Result>& results, const testbed::Floor& floor, std::ostream& out);
/// What the controller wrote down in each run: where the time went, in its own words.
void print_events(const std::vector<Result>& results, std::ostream& out);
/// For people: at most 100 columns.
void print_tables(const std::vector<Result>& results, const testbed::Floor& floor,
                  std::ostream& out);

} // namespace lockstep::bench
