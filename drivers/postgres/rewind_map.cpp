#include "drivers/postgres/rewind_map.h"

#include <array>
#include <charconv>
#include <optional>

namespace lockstep::postgres {
namespace {

constexpr std::array<std::string_view, 7> actions = {"CREATE",   "COPY",   "COPY_TAIL", "NONE",
                                                     "TRUNCATE", "REMOVE", "UNDECIDED"};

std::string_view without_prefixes(std::string_view line) {
    for (const std::string_view prefix : {"pg_rewind: ", "debug: ", "detail: "}) {
        if (line.starts_with(prefix)) {
            line.remove_prefix(prefix.size());
        }
    }
    const auto first = line.find_first_not_of(' ');
    return first == std::string_view::npos ? std::string_view{} : line.substr(first);
}

std::optional<std::uint32_t> block_in(std::string_view line) {
    constexpr std::string_view word = "block ";
    std::uint32_t block = 0;
    if (!line.starts_with(word)) {
        return std::nullopt;
    }
    const auto* const end = line.data() + line.size();
    const auto [rest, trouble] = std::from_chars(line.data() + word.size(), end, block);
    return trouble == std::errc{} && rest == end ? std::optional(block) : std::nullopt;
}

/// "NONE" in "base/5/1247 (NONE)"; empty if the line is none of the map.
std::string_view action_in(std::string_view line) {
    const auto open = line.rfind(" (");
    if (open == std::string_view::npos || !line.ends_with(')')) {
        return {};
    }
    const auto word = line.substr(open + 2, line.size() - open - 3);
    for (const auto action : actions) {
        if (word == action) {
            return action;
        }
    }
    return {};
}

} // namespace

void RewindMap::take(std::string_view line) {
    line = without_prefixes(line);
    if (line.starts_with("no rewind required")) {
        needless_ = true;
        complete_ = true;
        return;
    }
    if (line.starts_with("received chunk") || line.starts_with("need ") || line == "Done!") {
        complete_ = true;
    }
    if (complete_) {
        return;
    }
    if (const auto block = block_in(line); block && !entries_.empty()) {
        entries_.back().blocks.push_back(*block);
        return;
    }
    if (const auto action = action_in(line); !action.empty()) {
        const auto path = line.substr(0, line.rfind(" ("));
        entries_.push_back({std::string(path), std::string(action), {}});
    }
}

std::vector<OverwrittenFile> RewindMap::overwritten() const {
    std::vector<OverwrittenFile> files;
    for (const auto& entry : entries_) {
        if (entry.path.starts_with("pg_wal/")) {
            continue;
        }
        if (entry.action == "COPY" || entry.action == "TRUNCATE" || entry.action == "REMOVE") {
            files.push_back({entry.path, {}});
        } else if (!entry.blocks.empty()) {
            files.push_back({entry.path, entry.blocks});
        }
    }
    return files;
}

} // namespace lockstep::postgres
