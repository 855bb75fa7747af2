#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

/// What rclone (1.60 and newer, with --use-json-log) prints.
namespace lockstep::snapshots {

struct RcloneProgress {
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0;
    friend bool operator==(const RcloneProgress&, const RcloneProgress&) = default;
};
[[nodiscard]] std::optional<RcloneProgress> parse_progress(std::string_view line);

/// What went wrong, with what. None: the line tells of no failure.
struct RcloneComplaint {
    std::string object; // Empty: none in particular.
    std::string message;
    friend bool operator==(const RcloneComplaint&, const RcloneComplaint&) = default;
};
[[nodiscard]] std::optional<RcloneComplaint> parse_complaint(std::string_view line);

/// "12;files/base.tar.zst" of `rclone lsf --format sp`.
[[nodiscard]] std::optional<std::pair<std::string, std::uint64_t>>
parse_listed(std::string_view line);
/// "SHA256  path" of `rclone hashsum`: path, hash.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> parse_hash(std::string_view line);

/// There is no such folder or bucket, or no such object (exit statuses 3 and 4).
[[nodiscard]] bool means_missing(int exit_status);
/// A failed run, typed by what it complained of: the first is the cause.
[[nodiscard]] Error explain(const std::string& what, int exit_status,
                            const std::vector<RcloneComplaint>& complaints);

} // namespace lockstep::snapshots
