#include "drivers/postgres/history.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <spdlog/fmt/fmt.h>

#include "platform/files.h"

namespace lockstep::postgres {
namespace {

std::optional<Timeline> parse_timeline(std::string_view text) {
    Timeline timeline = 0;
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, timeline);
    if (parsed.ec != std::errc{} || parsed.ptr != end || timeline == 0) {
        return std::nullopt;
    }
    return timeline;
}

bool rises(const Descent& descent) {
    Descent::Ancestor before;
    for (const auto& ancestor : descent.ancestors) {
        if (ancestor.timeline <= before.timeline || ancestor.left_at < before.left_at) {
            return false;
        }
        before = ancestor;
    }
    return before.timeline < descent.timeline;
}

/// All timelines of a descent with the place where each was left, itself (never left) last.
struct Step {
    Timeline timeline = 0;
    std::optional<std::uint64_t> left_at;
};

std::vector<Step> steps_of(const Descent& descent) {
    std::vector<Step> steps;
    for (const auto& ancestor : descent.ancestors) {
        steps.push_back({ancestor.timeline, ancestor.left_at});
    }
    steps.push_back({descent.timeline, std::nullopt});
    return steps;
}

std::optional<std::uint64_t> earlier(std::optional<std::uint64_t> left,
                                     std::optional<std::uint64_t> right) {
    if (left && right) {
        return std::min(*left, *right);
    }
    return left ? left : right;
}

} // namespace

Result<Descent> parse_history_file(Timeline timeline, std::string_view content) {
    Descent descent;
    descent.timeline = timeline;
    std::istringstream lines{std::string(content)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string parent;
        std::string place;
        if (!(words >> parent) || parent.front() == '#') {
            continue;
        }
        words >> place;
        const auto number = parse_timeline(parent);
        const auto left_at = parse_lsn(place);
        if (!number || !left_at) {
            return fail(Errc::corrupt, fmt::format("history of timeline {}: line \"{}\" is not "
                                                   "a timeline and a place",
                                                   timeline, line));
        }
        descent.ancestors.push_back({*number, *left_at});
    }
    if (!rises(descent)) {
        return fail(Errc::corrupt,
                    fmt::format("history of timeline {}: its ancestors do not rise", timeline));
    }
    return descent;
}

History to_history(const Descent& descent) {
    std::string text;
    for (const auto& ancestor : descent.ancestors) {
        text += fmt::format("{}@{} ", ancestor.timeline, format_lsn(ancestor.left_at));
    }
    return History{text + std::to_string(descent.timeline)};
}

Result<Descent> parse_history(const History& history) {
    const auto corrupt = [&history] {
        return fail(Errc::corrupt, fmt::format("\"{}\" is not a history", history.text));
    };
    Descent descent;
    std::istringstream words(history.text);
    for (std::string word; words >> word;) {
        const auto at = word.find('@');
        const auto timeline = parse_timeline(std::string_view(word).substr(0, at));
        if (!timeline || descent.timeline != 0) {
            return corrupt();
        }
        if (at == std::string::npos) {
            descent.timeline = *timeline;
            continue;
        }
        const auto place = parse_lsn(std::string_view(word).substr(at + 1));
        if (!place) {
            return corrupt();
        }
        descent.ancestors.push_back({*timeline, *place});
    }
    if (descent.timeline == 0 || !rises(descent)) {
        return corrupt();
    }
    return descent;
}

std::string history_file_name(Timeline timeline) {
    return fmt::format("{:08X}.history", timeline);
}

Result<Descent> read_descent(const std::filesystem::path& wal_folder, Timeline timeline) {
    if (timeline == 1) {
        return Descent{{}, 1};
    }
    const auto content = read_file(wal_folder / history_file_name(timeline));
    if (!content) {
        return tl::unexpected(content.error());
    }
    return parse_history_file(timeline, *content);
}

Timeline newest_timeline(const std::filesystem::path& wal_folder, Timeline from) {
    std::error_code ignored;
    while (std::filesystem::exists(wal_folder / history_file_name(from + 1), ignored)) {
        ++from;
    }
    return from;
}

Result<Timeline> timeline_at(const std::filesystem::path& wal_folder, Timeline current,
                             std::uint64_t position) {
    const auto descent = read_descent(wal_folder, current);
    if (!descent) {
        return tl::unexpected(descent.error());
    }
    for (const auto& ancestor : descent->ancestors) {
        if (position < ancestor.left_at) {
            return ancestor.timeline;
        }
    }
    return current;
}

std::optional<Stretch> stretch_of(const Descent& descent, Timeline timeline) {
    std::uint64_t begin = 0;
    for (const auto& step : steps_of(descent)) {
        if (step.timeline == timeline) {
            return Stretch{begin, step.left_at};
        }
        begin = step.left_at.value_or(begin);
    }
    return std::nullopt;
}

std::optional<Descent> cut_at(const Descent& descent, Timeline timeline) {
    Descent cut{{}, timeline};
    for (const auto& ancestor : descent.ancestors) {
        if (ancestor.timeline == timeline) {
            return cut;
        }
        cut.ancestors.push_back(ancestor);
    }
    return descent.timeline == timeline ? std::optional(cut) : std::nullopt;
}

std::optional<Fork> fork_of(const Descent& left, const Descent& right) {
    const auto left_steps = steps_of(left);
    const auto right_steps = steps_of(right);
    std::optional<Fork> fork;
    const auto common = std::min(left_steps.size(), right_steps.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (left_steps[i].timeline != right_steps[i].timeline) {
            return fork;
        }
        fork = Fork{left_steps[i].timeline, earlier(left_steps[i].left_at, right_steps[i].left_at)};
        if (left_steps[i].left_at != right_steps[i].left_at) {
            return fork;
        }
    }
    return fork;
}

} // namespace lockstep::postgres
