#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "drivers/postgres/lsn.h"
#include "platform/process.h"

namespace lockstep::postgres {

/// What pg_controldata says of a data folder, as far as anybody here asks.
struct ControlData {
    std::string system_id;
    std::string state;                  // "shut down", "in production", "in archive recovery" …
    Timeline checkpoint_timeline = 0;   // Of the last checkpoint.
    std::uint64_t redo = 0;             // From where recovery would replay.
    std::uint64_t recovery_end = 0;     // A standby is consistent from here; 0: no standby's.
    Timeline recovery_end_timeline = 0; // 0: no standby's.
    std::uint64_t segment_bytes = 0;
    std::uint64_t page_bytes = 0; // Of the log.

    [[nodiscard]] bool clean() const;    // Shut down, as a primary or a standby.
    [[nodiscard]] bool recovers() const; // A standby's: running, crashed or shut down.
};

/// `output` is pg_controldata's under LC_ALL=C. Errors: `corrupt`, naming what is missing.
[[nodiscard]] Result<ControlData> parse_control_data(std::string_view output);

/// A program of the server's, speaking English.
[[nodiscard]] Command tool(const std::filesystem::path& bin_dir, const std::string& name,
                           std::vector<std::string> arguments);
/// Asks pg_controldata. Errors: `refused` with its words.
[[nodiscard]] Awaitable<Result<ControlData>>
read_control_data(std::filesystem::path bin_dir, std::filesystem::path folder, Deadline deadline);

} // namespace lockstep::postgres
