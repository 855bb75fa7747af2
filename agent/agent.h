#pragma once

#include <memory>

#include "agent/acceptance.h"
#include "agent/archivist.h"
#include "agent/config.h"
#include "agent/controller_link.h"
#include "agent/disk_watch.h"
#include "agent/fsync_probe.h"
#include "agent/goal_loop.h"
#include "agent/guard.h"
#include "agent/name_service.h"
#include "agent/probes.h"

namespace lockstep {

/// All parts of one agent, on one thread.
class Agent {
public:
    struct Start {
        AgentConfig config;
        Identity identity;
        std::unique_ptr<Driver> driver;
        Memory memory;
        Archivist::Means snapshots = {};
    };

    Agent(asio::any_io_executor executor, Start start);

    /// Takes the addresses of its name server. Errors: `refused` (in use, not of this machine).
    [[nodiscard]] Result<void> listen();
    /// Adopts what runs and starts every loop.
    void begin();
    /// Clients are cut first, then the server is stopped cleanly, so that no commit is answered
    /// that the standby lacks; what is left is fenced. Nothing is started any more. Returns when no
    /// process of the server is left. Errors: as a fence's.
    [[nodiscard]] Awaitable<Result<void>> end_database();

private:
    [[nodiscard]] wire::Hello hello() const;
    [[nodiscard]] Supervisor::Hooks hooks();
    [[nodiscard]] GuardianPlan guardian_plan() const;
    void choose_fence();
    void adopt();

    asio::any_io_executor executor_;
    AgentConfig config_;
    std::unique_ptr<Driver> driver_;
    Memory memory_;
    LocalState state_;
    Journal journal_;
    Supervisor supervisor_;
    Divergences divergences_;
    SnapshotBoard snapshots_;
    Archivist archivist_;
    DataMaking making_;
    Acceptance acceptance_;
    Probes probes_;
    FsyncProbe fsync_;
    DiskWatch disk_;
    GoalLoop goals_;
    Guard guard_;
    ControllerLink link_;
    NameView names_;
    std::unique_ptr<dns::NameServer> name_server_;
};

} // namespace lockstep
