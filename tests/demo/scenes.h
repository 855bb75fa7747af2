#pragma once

#include <functional>
#include <span>
#include <string>

#include "tests/demo/report.h"
#include "tests/support/testbed/testbed.h"

namespace lockstep::demo {

/// Says how far the demo is, to a person.
using Tell = std::function<void(const std::string&)>;

/// Something that happens to a pair in sync, and what becomes of it.
struct Scene {
    const char* name;
    const char* what;
    Report (*play)(testbed::Testbed& bed, const Tell& tell);
    testbed::Place place = testbed::Place::loopback; // Where hosts or links fail: namespaces.
    std::uint64_t disk_bytes = 0; // Of each member's data; 0: no disk of its own.
    bool snapshots = false; // With a repository, and a third agent to restore on; PostgreSQL only.
};

[[nodiscard]] std::span<const Scene> scenes();

// A file each in tests/demo/scenes.
[[nodiscard]] Report primary_kill(testbed::Testbed& bed, const Tell& tell);
[[nodiscard]] Report host_loss(testbed::Testbed& bed, const Tell& tell);
[[nodiscard]] Report switchover(testbed::Testbed& bed, const Tell& tell);
[[nodiscard]] Report isolate(testbed::Testbed& bed, const Tell& tell);
[[nodiscard]] Report disk_full(testbed::Testbed& bed, const Tell& tell);
[[nodiscard]] Report snapshots(testbed::Testbed& bed, const Tell& tell);
[[nodiscard]] Report freeze(testbed::Testbed& bed, const Tell& tell);

} // namespace lockstep::demo
