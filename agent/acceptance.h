#pragma once

#include "agent/journal.h"
#include "agent/local_state.h"
#include "agent/memory.h"
#include "agent/supervisor.h"

namespace lockstep {

/// Takes what a controller tells, in the order of R7: refused if it is older or another's; else a
/// fence first, then the disk, then everything else.
class Acceptance {
public:
    Acceptance(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
               Supervisor& supervisor);

    [[nodiscard]] Awaitable<void> take(wire::Told told);

private:
    [[nodiscard]] Awaitable<Result<void>> accept(PairRecord record);
    [[nodiscard]] Awaitable<void> fence_if_deposed(Goal goal);
    [[nodiscard]] Awaitable<void> stand_down(Revision revision, Epoch epoch);
    [[nodiscard]] Awaitable<void> prove_never_promoted(Revision revision, Epoch epoch);
    void take_proof(const std::optional<wire::Stamp>& proof);
    [[nodiscard]] bool lacks_proof(const PairRecord& record) const;
    [[nodiscard]] Awaitable<Result<void>> end_server();

    Driver& driver_;
    LocalState& state_;
    Memory& memory_;
    Journal& journal_;
    Supervisor& supervisor_;
    bool proving_ = false; // F23's proof is being made.
};

} // namespace lockstep
