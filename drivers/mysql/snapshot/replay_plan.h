#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/snapshot.h"
#include "drivers/mysql/descent.h"

/// The log that a restore replays: which parts of which files, as relay logs of the server that
/// does it. All of it blocks.
namespace lockstep::mysql {

/// Whole transactions of a file, one after another.
struct LogSlice {
    std::filesystem::path file;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

struct ReplayPlan {
    std::vector<LogSlice> slices;  // In order; empty: nothing is to be replayed.
    std::uint64_t from = 0;        // The place of the snapshot.
    std::uint64_t end = 0;         // The place after the last transaction.
    std::string last_gtid;         // Of it; empty: none.
    std::int64_t last_unix_ms = 0; // When it was committed, at the earliest; 0: none
};

/// Goes through the files of `log` from the place `from` on, along `descent`, as far as `target`
/// says: what is not of that history is passed over, and of two files that hold the same either
/// serves. Errors: `refused`, saying what is there, if the target is not reached; `corrupt`.
[[nodiscard]] Result<ReplayPlan> plan_replay(Flavour flavour, const std::filesystem::path& log,
                                             const Descent& descent, std::uint64_t from,
                                             const RestoreTarget& target);

/// Writes the plan's parts as `relay.000001` and on, and `relay.index`, into the data folder
/// `data`.
[[nodiscard]] Result<void> lay_out_relay_logs(const ReplayPlan& plan,
                                              const std::filesystem::path& data);

/// "the time 2026-…", "the GTID 0-1-25 (excluded)"
[[nodiscard]] std::string in_words(const RestoreTarget& target);

} // namespace lockstep::mysql
