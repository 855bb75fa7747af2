#include "tests/demo/scenes.h"

#include <array>

#include "tests/demo/bind_scene.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::demo {

namespace {

constexpr auto on_hosts = testbed::Place::namespaces;

Report with_bind(testbed::Testbed& bed, const Tell& tell) {
    return play_with_bind(bed, tell, primary_kill);
}

constexpr std::array all_scenes{
    Scene{"primary-kill", "SIGKILL to the primary's postmaster while clients write", primary_kill},
    Scene{"bind", "the same, with the pair's names also in a zone that a real BIND serves",
          with_bind},
    Scene{"switchover", "an operator changes sides while clients write", switchover},
    Scene{"host-loss", "the power of the primary's host fails, and comes back", host_loss,
          on_hosts},
    Scene{"isolate", "the primary's host is cut off from everything, and goes on running", isolate,
          on_hosts},
    Scene{"disk-full", "the disk of the primary's data is filled from outside", disk_full, on_hosts,
          testbed::small_disk_bytes},
    Scene{"freeze", "every process of the primary's database stops, its agent does not", freeze,
          on_hosts},
    Scene{"snapshots", "somebody drops a table, and the second before comes back as a new pair",
          snapshots, testbed::Place::loopback, 0, true},
};

} // namespace

std::span<const Scene> scenes() {
    return all_scenes;
}

} // namespace lockstep::demo
