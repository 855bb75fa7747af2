#include "drivers/postgres/snapshot/replay_log.h"

#include <map>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/postgres/snapshot/log_scan.h"
#include "drivers/postgres/snapshot/recovery.h"
#include "drivers/postgres/snapshot/spool.h"
#include "platform/files.h"

namespace lockstep::postgres {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t segment_characters = 24;
constexpr std::size_t largest_segment_bytes = 1U << 30U;

Result<void> refuse(const char* doing, const fs::path& path, const std::error_code& error) {
    return fail(Errc::refused, fmt::format("{} {}: {}", doing, path.string(), error.message()));
}

bool is_segment_name(std::string_view name) {
    return name.size() == segment_characters &&
           name.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

struct Unfinished {
    fs::path path;
    std::uint64_t end = 0;
    std::uint64_t segment_bytes = 0;
};

/// Of several of one segment, the one that goes furthest.
Result<void> take_unfinished(const fs::path& path, Unfinished& best) {
    const auto content = read_file(path, largest_segment_bytes);
    if (!content) {
        return fail(Errc::refused, content.error().message);
    }
    const auto header = read_segment_header(*content);
    if (!header) {
        return fail(Errc::refused,
                    fmt::format("{} is damaged: {}", path.string(), header.error().message));
    }
    const auto scan = scan_segment(*header, *content);
    if (best.path.empty() || scan.end > best.end) {
        best = {path, scan.end, header->segment_bytes};
    }
    return {};
}

Result<void> write_histories(const fs::path& to, const Descent& descent,
                             const std::vector<HistoryFork>& forks) {
    std::map<Timeline, Descent> lines;
    // Those of others only keep the new history's number from being one of theirs.
    for (const auto& fork : forks) {
        const auto line = parse_history(fork.history);
        if (!line) {
            return tl::unexpected(line.error());
        }
        lines.emplace(line->timeline, *line);
    }
    for (const auto& ancestor : descent.ancestors) {
        lines[ancestor.timeline] = *cut_at(descent, ancestor.timeline);
    }
    lines[descent.timeline] = descent;
    for (const auto& [timeline, line] : lines) {
        if (timeline == 1) {
            continue; // It has no file.
        }
        const auto written =
            write_file_durably(to / history_file_name(timeline), render_history_file(line));
        if (!written) {
            return written;
        }
    }
    return {};
}

} // namespace

Result<void> lay_out_log(const fs::path& from, const fs::path& to, const Descent& descent,
                         const std::vector<HistoryFork>& forks) {
    std::error_code error;
    fs::create_directories(to, error);
    if (error) {
        return refuse("create folder", to, error);
    }
    const auto entries = entries_of(from);
    if (!entries && entries.error().code != Errc::unreachable) {
        return tl::unexpected(entries.error());
    }
    std::map<std::string, Unfinished> unfinished;
    for (const auto& entry : entries ? *entries : std::vector<fs::path>{}) {
        const auto name = entry.filename().string();
        const auto segment = name.substr(0, segment_characters);
        if (is_segment_name(name) && is_start_mark(entry)) {
            continue;
        }
        if (is_segment_name(name)) {
            fs::create_symlink(fs::absolute(entry), to / name, error);
            if (error) {
                return refuse("link to", entry, error);
            }
        } else if (is_segment_name(segment) &&
                   std::string_view(name).substr(segment_characters).starts_with(".partial")) {
            if (auto taken = take_unfinished(entry, unfinished[segment]); !taken) {
                return taken;
            }
        }
    }
    for (const auto& [segment, best] : unfinished) {
        if (fs::exists(fs::symlink_status(to / segment, error))) {
            continue;
        }
        fs::copy_file(best.path, to / segment, error);
        if (!error) {
            fs::resize_file(to / segment, best.segment_bytes, error);
        }
        if (error) {
            return refuse("copy", best.path, error);
        }
    }
    return write_histories(to, descent, forks);
}

Reach reach_of(const fs::path& log, const Descent& descent, std::uint64_t position) {
    // Names of segments sort as their places do, the timeline's digits left out.
    std::map<std::pair<std::string, Timeline>, fs::path> segments;
    const auto entries = entries_of(log);
    for (const auto& entry : entries ? *entries : std::vector<fs::path>{}) {
        const auto name = entry.filename().string();
        const auto timeline = parse_timeline_prefix(name);
        if (is_segment_name(name) && timeline) {
            segments[{name.substr(8), *timeline}] = entry;
        }
    }
    for (auto last = segments.rbegin(); last != segments.rend(); ++last) {
        const auto stretch = stretch_of(descent, last->first.second);
        const auto content = read_file(last->second, largest_segment_bytes);
        if (!stretch || !content) {
            continue; // Of another history.
        }
        const auto header = read_segment_header(*content);
        const auto left_at = stretch->end.value_or(UINT64_MAX);
        if (!header || header->begin >= left_at) {
            continue;
        }
        const auto end = std::min(scan_segment(*header, *content).end, left_at);
        return position < end ? Reach::inside : position == end ? Reach::at_end : Reach::past_end;
    }
    return Reach::unknown;
}

} // namespace lockstep::postgres
