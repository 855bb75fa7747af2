#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "core/snapshot.h"
#include "drivers/overseer.h"
#include "drivers/postgres/history.h"

/// The folder that pg_receivewal writes to. All of it blocks.
namespace lockstep::postgres {

/// A file of the folder that is a segment, by its name.
struct SpoolFile {
    std::filesystem::path path;
    SegmentName segment; // Its number by `segment_bytes`.
    bool partial = false;
};
/// A file that mark_start() put there: the size of a segment, and not one block of content.
[[nodiscard]] bool is_start_mark(const std::filesystem::path& path);
/// The segments in the folder, the oldest timeline's first. What pg_receivewal is told to begin
/// after (mark_start) is none.
[[nodiscard]] Result<std::vector<SpoolFile>> spool_files(const std::filesystem::path& spool,
                                                         std::uint64_t segment_bytes);

/// SnapshotEngine::finished and unfinished.
[[nodiscard]] Result<std::vector<LogSegment>> finished_in(const std::filesystem::path& spool,
                                                          Oversight oversight);
[[nodiscard]] Result<std::optional<LogSegment>> unfinished_in(const std::filesystem::path& spool,
                                                              Oversight oversight);

/// Makes pg_receivewal begin with the segment `start`: it goes on after the last segment that it
/// finds, so a file without any content is put there under the name of the one before. Segments in
/// the folder that follow `start` without a gap stay, and are gone on after; others are removed.
[[nodiscard]] Result<void> mark_start(const std::filesystem::path& spool, SegmentName start,
                                      const Descent& descent, std::uint64_t segment_bytes);

} // namespace lockstep::postgres
