#pragma once

#include <memory>

#include "agent/local_state.h"
#include "agent/memory.h"
#include "agent/supervisor.h"
#include "dns/server/name_server.h"

namespace lockstep {

/// What the agent's own name server may say: the zone that it was told last, its own pair by its
/// own record, and for which pairs it can vouch.
class NameView {
public:
    NameView(const LocalState& state, const Memory& memory, const Supervisor& supervisor);

    /// Asked for at each query; the same object as long as nothing changed.
    [[nodiscard]] std::shared_ptr<const dns::ZoneView> current();

private:
    [[nodiscard]] wire::Zone zone() const;
    [[nodiscard]] bool vouches_for(const PairName& pair) const;

    const LocalState& state_;
    const Memory& memory_;
    const Supervisor& supervisor_;
    std::shared_ptr<const dns::ZoneView> last_;
};

/// Saves the zone for the next start of the agent, without haste.
[[nodiscard]] Awaitable<void> save_zone(Memory& memory, Journal& journal);

} // namespace lockstep
