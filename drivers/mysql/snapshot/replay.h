#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "drivers/mysql/config.h"
#include "drivers/mysql/descent.h"
#include "drivers/mysql/snapshot/replay_plan.h"

/// A server that nobody reaches replays log as its own relay logs, transaction by transaction under
/// their GTIDs, so that it says itself how far it came. What it is told is pure.
namespace lockstep::mysql {

/// A data folder in which this happens, and what it becomes.
struct Replay {
    std::filesystem::path into;
    GtidSet held;     // By the snapshot.
    ReplayPlan plan;  // Laid out in the folder.
    Descent expected; // The history that it must be on when it is done.
    std::string system_id;
    Descent begun; // With the reign of this member.
};

/// All that is held at a place: MySQL exactly, MariaDB its last transaction.
[[nodiscard]] GtidSet held_after(const Replay& replay);
/// What the replaying server is told besides what every lone one is.
[[nodiscard]] Settings replaying_settings(Flavour flavour);
/// The statements that begin the replay, and those that leave no trace of it.
[[nodiscard]] std::vector<std::string> to_begin_replay(const Replay& replay);
[[nodiscard]] std::vector<std::string> to_end_replay(Flavour flavour);
/// Those that make the data's own log begin after `held`, and its first transaction this member's
/// reign, number `number`.
[[nodiscard]] std::vector<std::string> to_begin_history(const GtidSet& held, std::size_t number,
                                                        const std::string& mark);

} // namespace lockstep::mysql
