#include "tests/demo/act.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::demo {

Report primary_kill(testbed::Testbed& bed, const Tell& tell) {
    Act act("primary-kill", bed, tell);
    act.strike("SIGKILL to the postmaster of the primary " + act.primary() + ", process " +
                   std::to_string(bed.postmaster(act.primary())),
               [&] { testbed::kill_postmaster(bed, act.primary()); });
    act.see_writes();
    act.see_redundant();
    return act.finish();
}

} // namespace lockstep::demo
