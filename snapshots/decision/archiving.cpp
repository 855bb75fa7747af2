#include "snapshots/decision/archiving.h"

#include <algorithm>
#include <limits>
#include <map>

namespace lockstep::snapshots {
namespace {

void add(LogSegment& whole, const LogSegment& next) {
    whole.to = std::max(whole.to, next.to);
    if (whole.first_unix_ms == 0) {
        whole.first_unix_ms = next.first_unix_ms;
    }
    whole.last_unix_ms = std::max(whole.last_unix_ms, next.last_unix_ms);
    whole.epoch = std::max(whole.epoch, next.epoch);
    whole.bytes += next.bytes;
    whole.sha256.clear(); // It is of no one object.
}

bool same_line(const LogSegment& left, const LogSegment& right) {
    return left.system_id == right.system_id && left.history == right.history;
}

/// How far each history counts on the way to `history`.
std::map<std::string, std::uint64_t> limits_of(const std::vector<HistoryFork>& forks,
                                               const History& history) {
    std::map<std::string, std::uint64_t> limits;
    auto limit = std::numeric_limits<std::uint64_t>::max();
    auto at = history;
    while (at.known() && limits.emplace(at.text, limit).second) {
        const auto fork = std::find_if(forks.begin(), forks.end(),
                                       [&at](const auto& one) { return one.history == at; });
        if (fork == forks.end()) {
            break;
        }
        limit = std::min(limit, fork->fork);
        at = fork->parent;
    }
    return limits;
}

} // namespace

std::vector<LogSegment> joined(std::vector<LogSegment> log) {
    std::sort(log.begin(), log.end(), [](const auto& left, const auto& right) {
        return std::tie(left.system_id, left.history.text, left.from, left.to) <
               std::tie(right.system_id, right.history.text, right.from, right.to);
    });
    std::vector<LogSegment> pieces;
    for (auto& segment : log) {
        if (!pieces.empty() && same_line(pieces.back(), segment) &&
            segment.from <= pieces.back().to) {
            add(pieces.back(), segment);
        } else {
            pieces.push_back(std::move(segment));
        }
    }
    return pieces;
}

Position resume_at(const std::vector<LogSegment>& log, const std::vector<HistoryFork>& forks,
                   const std::string& system_id, const History& history) {
    const auto limits = limits_of(forks, history);
    Position furthest;
    for (const auto& segment : log) {
        const auto limit = limits.find(segment.history.text);
        if (segment.system_id != system_id || limit == limits.end()) {
            continue;
        }
        const auto to = std::min(segment.to, limit->second);
        if (segment.from < to && to > furthest.offset_bytes) {
            furthest = {segment.history, to};
        }
    }
    return furthest;
}

} // namespace lockstep::snapshots
