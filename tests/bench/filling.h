#pragma once

#include <cstddef>

#include "tests/support/testbed/testbed.h"

namespace lockstep::bench {

/// Fills the primary with so much: rows of 1 MiB that nobody can make smaller on disk.
void fill(testbed::Testbed& bed, testbed::Engine engine, std::size_t data_mib);

} // namespace lockstep::bench
