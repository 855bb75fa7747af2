#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tests/support/testbed/testbed.h"

namespace lockstep::bench {

/// The pair that something happens to.
struct Stage {
    testbed::Testbed& bed;
    std::string primary; // Before.
    std::string standby;
};

/// How the pair stands when all is over: in sync again …
enum class End {
    under_the_other, // … under its former standby.
    renewed,         // … under the same primary, its standby let in anew.
    either,          // … under whichever.
};

/// What was promised to users; 0: nothing. Milliseconds.
struct Target {
    std::int64_t median = 0;         // Of the outage that clients see.
    std::int64_t median_servers = 0; // … that probes of each server see.
    std::int64_t worst = 0;
    std::int64_t times_floor = 0; // The median, as a multiple of the floor's.
    std::int64_t fenced = 0;      // The old primary's database is gone.
    std::int64_t redundant = 0;   // In sync again, from the fault.
    bool nobody_fails = false;    // No write is refused or abandoned.
    const char* in_words = "-";
};

/// What is asked of an engine's pair, and what others' pairs do.
struct Aims {
    Target target;
    const char* peers = "-"; // Seconds: peers_of().
};

struct Scenario {
    const char* name;
    const char* what;
    void (*prepare)(Stage& stage) = nullptr; // Before the fault: the outage is not counted yet.
    void (*strike)(Stage& stage) = nullptr;
    void (*mend)(Stage& stage) = nullptr; // Null: it mends itself.
    testbed::Milliseconds hold{0}; // The fault lasts so long at least, and until writes are back.
    End end = End::either;
    Aims postgresql = {};
    Aims mysql = {};              // MariaDB's, too.
    bool fences = false;          // The old primary's database lives on until it is fenced.
    bool bites_later = false;     // The outage begins some time after the fault's injection.
    std::uint64_t disk_bytes = 0; // Of each member's data; 0: no disk of its own.

    [[nodiscard]] const Aims& aims(testbed::Engine engine) const {
        return engine == testbed::Engine::postgresql ? postgresql : mysql;
    }
};

/// Whose figures they are that stand beside ours.
[[nodiscard]] const char* peers_of(testbed::Engine engine);
[[nodiscard]] std::span<const Scenario> scenarios();

} // namespace lockstep::bench
