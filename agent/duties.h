#pragma once

#include "agent/data_making.h"
#include "agent/handing_over.h"
#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/memory.h"
#include "agent/replay_hold.h"
#include "agent/supervisor.h"
#include "drivers/driver.h"

namespace lockstep {

/// Does one duty, once. Nothing here decides: what is due is next_duty()'s.
class Duties {
public:
    Duties(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
           Supervisor& supervisor, DataMaking& making);

    [[nodiscard]] Awaitable<Result<void>> run(Duty duty, Goal goal);
    [[nodiscard]] bool holds_replay() const { return hold_.held(); }
    /// Ends a hold that is no duty any more.
    [[nodiscard]] Awaitable<Result<void>> release_replay();

private:
    [[nodiscard]] Awaitable<Result<void>> start_primary(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> start_standby(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> note_replay(Epoch epoch);
    [[nodiscard]] Awaitable<Result<void>> start_replaying(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> start(Ticket ticket, Goal goal);
    [[nodiscard]] Awaitable<Result<void>> stop(Duty duty, Goal goal);
    [[nodiscard]] Awaitable<Result<void>> promote(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> finish_promotion(Goal goal, Milliseconds began);
    [[nodiscard]] Awaitable<Result<void>> apply_ticket(Goal goal);
    void tell_relaxation(Milliseconds took);
    [[nodiscard]] Awaitable<Result<void>> keep_slots(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> prove(Goal goal);
    [[nodiscard]] Awaitable<Result<void>> judge(Goal goal);
    [[nodiscard]] bool may_be_a_twin(const Goal& goal, const Divergence& divergence) const;
    [[nodiscard]] Result<void> ask_to_start();
    [[nodiscard]] bool is_current(const Goal& goal) const {
        return memory_.accepted() == goal.revision && state_.newest_told <= goal.revision;
    }

    Driver& driver_;
    LocalState& state_;
    Memory& memory_;
    Journal& journal_;
    Supervisor& supervisor_;
    DataMaking& making_;
    ReplayHold hold_;
    HandingOver handing_over_;
    std::uint32_t relaxations_ = 0;
    std::uint32_t slow_relaxations_ = 0;
};

} // namespace lockstep
