#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/testbed/floor.h"
#include "tests/support/testbed/timeline.h"

namespace lockstep::demo {

/// What came back of a database, in the scene that restores one.
struct Restoration {
    std::int64_t snapshot_ms = 0;
    std::int64_t restore_ms = 0; // Until the new pair serves.
    std::uint64_t rows_expected = 0;
    std::uint64_t rows_restored = 0;
    bool equal = false;
};

/// What a scene showed. Every scene has the same keys; what is restored has some more.
struct Report {
    std::string engine = "postgresql";
    std::string scene;
    testbed::Account account;
    std::int64_t outage_ms = 0;
    testbed::Floor floor;
    testbed::Timeline timeline;
    std::string primary_before;
    std::string primary_after;
    std::int64_t redundant_again_ms = 0;
    std::string troubles; // What the clients met, for people.
    bool ok = false;
    std::optional<Restoration> restoration;
};

/// One object, on one line.
void print_json(const Report& report, std::ostream& out);
/// For people.
void print_story(const Report& report, std::ostream& out);

} // namespace lockstep::demo
