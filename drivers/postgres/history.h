#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "core/position.h"
#include "drivers/postgres/lsn.h"

namespace lockstep::postgres {

/// A timeline with its whole descent: the ancestors, oldest first, each with the place where it
/// was left, and itself. Told apart by content, because two members can pick the same timeline
/// number for different histories (F13).
struct Descent {
    struct Ancestor {
        Timeline timeline = 0;
        std::uint64_t left_at = 0;
        friend bool operator==(const Ancestor&, const Ancestor&) = default;
    };
    std::vector<Ancestor> ancestors;
    Timeline timeline = 0;
    friend bool operator==(const Descent&, const Descent&) = default;
};

/// Reads a timeline history file's content: `1<TAB>0/5000060<TAB>reason` a line, `#` comments.
/// Errors: `corrupt` (not rising, or not older than `timeline`).
[[nodiscard]] Result<Descent> parse_history_file(Timeline timeline, std::string_view content);

/// "1@0/5000060 2@0/7000000 3"
[[nodiscard]] History to_history(const Descent& descent);
[[nodiscard]] Result<Descent> parse_history(const History& history);

/// "0000000A.history"
[[nodiscard]] std::string history_file_name(Timeline timeline);

/// The descent of `timeline` by the files in `wal_folder`; timeline 1 has no file. Errors:
/// `unreachable` if its file is missing, `corrupt`.
[[nodiscard]] Result<Descent> read_descent(const std::filesystem::path& wal_folder,
                                           Timeline timeline);
/// The newest timeline that follows `from` without a gap, by the history files in `wal_folder`,
/// as recovery with recovery_target_timeline=latest finds it.
[[nodiscard]] Timeline newest_timeline(const std::filesystem::path& wal_folder, Timeline from);

/// The timeline that the history of `current`, by the files in `wal_folder`, was on at `position`.
[[nodiscard]] Result<Timeline> timeline_at(const std::filesystem::path& wal_folder,
                                           Timeline current, std::uint64_t position);

/// Where `descent` was on `timeline`: from where, and until where (empty: it still is on it).
struct Stretch {
    std::uint64_t begin = 0;
    std::optional<std::uint64_t> end;
};
/// Empty if `descent` never was on `timeline`.
[[nodiscard]] std::optional<Stretch> stretch_of(const Descent& descent, Timeline timeline);

/// `descent` as it was on `timeline`: itself or an ancestor. Empty if it never was on it.
[[nodiscard]] std::optional<Descent> cut_at(const Descent& descent, Timeline timeline);

/// The last place that two histories have in common. `at` is empty when one of them ends on the
/// common timeline without having left it (they agree as far as the other goes).
struct Fork {
    Timeline timeline = 0;
    std::optional<std::uint64_t> at;
};
/// Empty if they have nothing in common: they do not begin on one timeline.
[[nodiscard]] std::optional<Fork> fork_of(const Descent& left, const Descent& right);

} // namespace lockstep::postgres
