#include "platform/log.h"

#include "tests/sim/machine.h"

/// The log is the trace of the history.
namespace lockstep {

void start_log(const std::string&) {}

void log_event(const Event& event) {
    const auto* teller = sim::Process::whose_turn();
    sim::Machine::current().tell(teller == nullptr ? "start" : teller->name,
                                 "[" + event.kind + "] " + event.message);
}

} // namespace lockstep
