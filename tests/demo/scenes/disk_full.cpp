#include "tests/demo/act.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::demo {

// The agent first releases what it held back, which keeps the database going while somebody makes
// room; here nobody does.
Report disk_full(testbed::Testbed& bed, const Tell& tell) {
    Act act("disk-full", bed, tell);
    testbed::wait_for_ballast(bed, act.primary());
    act.strike("something fills the disk of " + act.primary() +
                   "'s data, and what its agent held back and then released as well",
               [&] { testbed::fill_disk(bed, act.primary()); });
    act.see_failover();
    act.say("somebody makes room on the disk of " + act.primary());
    testbed::empty_disk(bed, act.primary());
    act.see_redundant();
    return act.finish();
}

} // namespace lockstep::demo
