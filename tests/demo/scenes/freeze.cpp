#include "tests/demo/act.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::demo {

// Alive by every port and pid, and answers nothing.
Report freeze(testbed::Testbed& bed, const Tell& tell) {
    Act act("freeze", bed, tell);
    act.strike("SIGSTOP to every process of the primary " + act.primary() +
                   "'s database; its agent lives",
               [&] { testbed::freeze_database(bed, act.primary()); });
    act.see_writes();
    act.see_redundant();
    return act.finish();
}

} // namespace lockstep::demo
