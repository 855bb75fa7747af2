#pragma once

#include <functional>

#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/supervisor.h"
#include "core/goal.h"
#include "drivers/driver.h"

namespace lockstep {

/// A switchover from this primary (DESIGN.md 6): prepares while it serves, shuts the door, ends the
/// sessions, stops the server cleanly, and says where its log ends. Who serves then is the
/// controller's decision. What fails before the stop leaves the server serving.
class HandingOver {
public:
    /// Whether the record is still the one of the goal.
    using StillWanted = std::function<bool()>;

    HandingOver(Driver& driver, LocalState& state, Journal& journal, Supervisor& supervisor)
        : driver_(driver), state_(state), journal_(journal), supervisor_(supervisor) {}

    /// All of it. What cannot be done is no error but told as trouble: it is not tried again under
    /// this revision. Errors: `conflict` if it is no longer wanted.
    [[nodiscard]] Awaitable<Result<void>> run(Goal goal, StillWanted still_wanted);
    /// Of a server that is stopped already: where its log ends, or that it was not shut down
    /// cleanly.
    [[nodiscard]] Awaitable<Result<void>> read_stop(Goal goal);

private:
    void enter(HandOverStage stage);
    void give_up(const std::string& why);
    [[nodiscard]] Awaitable<Result<void>> prepare(StillWanted still_wanted);
    [[nodiscard]] Awaitable<Result<void>> write_checkpoint(StillWanted still_wanted);
    [[nodiscard]] Awaitable<Result<void>> until_standby_follows();
    [[nodiscard]] bool controller_is_heard() const;
    [[nodiscard]] Awaitable<Result<void>> drain(Deadline deadline);
    [[nodiscard]] Awaitable<Result<void>> stop(StillWanted still_wanted, Deadline deadline);
    [[nodiscard]] Awaitable<void> let_it_end(StillWanted still_wanted, Deadline deadline);
    [[nodiscard]] Awaitable<std::optional<Position>> end_of_log(Deadline deadline);
    [[nodiscard]] Awaitable<std::optional<Position>> read_end();
    void died();
    void conclude(std::optional<Position> end);
    void tell_phases();

    Driver& driver_;
    LocalState& state_;
    Journal& journal_;
    Supervisor& supervisor_;
};

} // namespace lockstep
