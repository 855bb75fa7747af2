#include "tests/demo/act.h"

namespace lockstep::demo {

// The old primary lives on, but can acknowledge nothing without its standby (R1), and stops serving
// reads as well once it hears of nobody (R6).
Report isolate(testbed::Testbed& bed, const Tell& tell) {
    Act act("isolate", bed, tell);
    act.strike("the cable of " + act.primary() + "'s host is pulled; everything on it runs on",
               [&] { bed.network().cut(act.primary()); });
    act.see_writes();
    act.see_old_primary_fenced();
    act.say("the cable is plugged in again");
    bed.network().heal(act.primary());
    act.see_redundant();
    return act.finish();
}

} // namespace lockstep::demo
