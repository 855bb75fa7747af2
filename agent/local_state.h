#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/data_view.h"
#include "agent/decision/duty.h"
#include "agent/server_view.h"
#include "agent/wake.h"
#include "core/goal.h"
#include "core/observation.h"
#include "core/wire/messages.h"
#include "drivers/driver.h"
#include "platform/clock.h"

namespace lockstep {

/// A judgement of this data against an upstream.
struct DataJudgement {
    Epoch epoch{};
    MemberId upstream;
    Divergence divergence;
};

/// What the parts of one agent share, all on its one thread. Nothing here outlives the process;
/// what must is in Memory.
struct LocalState {
    LocalState(asio::any_io_executor executor, MemberId member)
        : self(std::move(member)), instance(random_hex(16)), goal_wake(executor),
          status_wake(executor), observe_wake(executor) {}

    /// Something changed that the goal loop or the controller should know at once.
    void changed() {
        goal_wake.notify();
        status_wake.notify();
    }
    /// R9: nobody is served, seen in force.
    [[nodiscard]] bool is_behind_door() const {
        return door == Door::shut && in_force && in_force->door == Door::shut;
    }
    void forget_server(Milliseconds now) {
        server.forget(now);
        in_force.reset();
        slots_kept_for.reset();
        upstream_answers_since.reset();
        heartbeat.reset(now);
    }

    const MemberId self;
    const std::string instance; // Random for each start of the agent.
    Wake goal_wake;
    Wake status_wake;
    Wake observe_wake;

    // The data folder.
    std::optional<DataFolder> inside;
    Milliseconds inspected_at{0};
    std::optional<DataJudgement> judgement;
    bool must_judge = false;
    Epoch rewound_epoch{0};                 // In which a rewind was begun last.
    std::uint32_t fruitless_judgements = 0; // In a row, without a stream since.

    // The server.
    ServerView server;
    Silence heartbeat;
    Silence fsync;
    Milliseconds fsync_proved_at{0};        // When the last fsync probe that finished was started.
    Disk disk;                              // As of the last look; `full_for` is left out.
    std::optional<Milliseconds> full_since; // Without a break.
    Milliseconds room_again_at{0};          // When it was last no longer full.
    Milliseconds no_room_at{0};             // When a write was last refused for want of room.
    std::optional<Ticket> in_force;
    Door door = Door::open;      // R9: of the server as primary.
    std::string_view door_since; // Why it is shut.
    Milliseconds awake_since{0}; // R6: since when this agent has been looking without a break.
    std::optional<Milliseconds> strict_since; // R6: since when it serves as a strict primary.
    std::optional<std::vector<Member>> slots_kept_for;
    Milliseconds slots_kept_at{0};
    std::optional<Barrier> barrier;
    std::optional<Milliseconds> upstream_answers_since;

    /// F23: what the disk said under a revision that has this member stand down.
    struct NeverPromoted {
        Revision revision{};
        bool proved = false;
    };
    std::optional<NeverPromoted> never_promoted;
    /// A switchover from this member. It is kept until its server is started again.
    struct HandOverRun {
        Revision revision{};
        HandOverStage stage = HandOverStage::preparing;
        Milliseconds since{0}; // In this stage.
        std::array<Milliseconds, 4> entered{};
        Position end;
        std::string trouble;
    };
    std::optional<HandOverRun> hand_over;
    bool promoting = false; // The engine was told to promote and may already write.

    // R5.
    std::uint64_t start_request = 0;
    Milliseconds asked_at{0}; // When that start was asked for.
    std::optional<wire::StartPermit> permit;
    bool withdrawn = false; // A controller's last word: it knows no pair for this member.

    // What goes on.
    Revision newest_told{0}; // Above the accepted one: a record is being accepted right now.
    std::optional<Job> job;
    Milliseconds job_since{0};
    std::optional<Milliseconds> told_at; // When a controller last spoke (R7 obeyed).
    /// R6: as of then, by this agent's clock, a controller found in its store what it told. The
    /// arrival of a message proves nothing: it may have been on its way for long.
    std::optional<Milliseconds> proved_at;
    Milliseconds newest_told_at{0}; // When the accepted record arrived, for its phases_ms.
    Milliseconds newest_kept_at{0}; // When it was on disk.
};

} // namespace lockstep
