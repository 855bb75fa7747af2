#include "tests/demo/act.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::demo {

// Nobody can tell of this death: it is concluded from the silence of agent, port and stream.
Report host_loss(testbed::Testbed& bed, const Tell& tell) {
    Act act("host-loss", bed, tell);
    act.strike("the power of " + act.primary() +
                   "'s host fails: its link, agent and database are gone at once",
               [&] { testbed::lose_host(bed, act.primary()); });
    act.see_writes();
    act.hold(testbed::Milliseconds{3000});
    act.say("the host boots again, with an agent that knows nothing of all this");
    testbed::return_host(bed, act.primary());
    act.see_redundant();
    return act.finish();
}

} // namespace lockstep::demo
