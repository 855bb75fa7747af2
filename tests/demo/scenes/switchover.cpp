#include "tests/demo/act.h"

namespace lockstep::demo {

// Planned: the old primary is drained and stopped cleanly, and its end compared with what the
// standby has, before the standby is promoted.
Report switchover(testbed::Testbed& bed, const Tell& tell) {
    Act act("switchover", bed, tell);
    act.strike("lockstep switchover shop --to " + act.standby(), [&] {
        static_cast<void>(
            bed.ask({"switchover", "shop", "--to", act.standby()}, testbed::Milliseconds{30000}));
    });
    act.see_writes();
    act.see_redundant();
    return act.finish();
}

} // namespace lockstep::demo
