#include "snapshots/decision/activity.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace lockstep::snapshots {
namespace {

constexpr std::int64_t half_hour_ms = 1'800'000;

/// What is known of a half hour.
struct Part {
    double bytes = 0;
    std::int64_t covered_ms = 0;
};
using Parts = std::map<std::int64_t, Part>; // By the begin of the half hour.

std::int64_t begin_of(std::int64_t unix_ms) {
    return unix_ms - unix_ms % half_hour_ms;
}

void spread(std::int64_t from, std::int64_t to, std::uint64_t bytes, Parts& parts) {
    const auto each_ms = static_cast<double>(bytes) / static_cast<double>(to - from);
    for (auto at = begin_of(from); at < to; at += half_hour_ms) {
        const auto span = std::min(to, at + half_hour_ms) - std::max(from, at);
        auto& part = parts[at];
        part.bytes += each_ms * static_cast<double>(span);
        part.covered_ms += span;
    }
}

bool has_commits(const LogSegment& segment) {
    return segment.first_unix_ms > 0 && segment.last_unix_ms >= segment.first_unix_ms;
}

/// Of one history, in its order.
std::vector<const LogSegment*> in_order(const std::vector<LogSegment>& log) {
    std::vector<const LogSegment*> ordered;
    for (const auto& segment : log) {
        ordered.push_back(&segment);
    }
    std::ranges::sort(ordered, {}, [](const LogSegment* one) {
        return std::tie(one->system_id, one->history.text, one->from, one->to);
    });
    return ordered;
}

/// A stretch of log without a gap, as far as it was gone through.
struct Stretch {
    const LogSegment* last = nullptr;
    std::int64_t unix_ms = 0;  // Its last commit; 0: none yet.
    std::uint64_t pending = 0; // Bytes since then.

    [[nodiscard]] bool goes_on_with(const LogSegment& next) const {
        return last != nullptr && last->system_id == next.system_id &&
               last->history == next.history && last->to >= next.from;
    }
};

} // namespace

std::vector<WriteSample> write_samples(const std::vector<LogSegment>& log) {
    Parts parts;
    Stretch stretch;
    for (const auto* segment : in_order(log)) {
        if (!stretch.goes_on_with(*segment)) {
            stretch = {};
        }
        stretch.last = segment;
        stretch.pending += segment->bytes;
        if (!has_commits(*segment)) {
            continue; // One transaction may be longer than a piece: the next commit has its time.
        }
        const auto from = stretch.unix_ms > 0 ? stretch.unix_ms : segment->first_unix_ms;
        if (from < segment->last_unix_ms) {
            spread(from, segment->last_unix_ms, stretch.pending, parts);
        }
        stretch.unix_ms = std::max(from, segment->last_unix_ms);
        stretch.pending = 0;
    }
    std::vector<WriteSample> samples;
    for (const auto& [begin, part] : parts) {
        if (part.covered_ms >= half_hour_ms) {
            samples.push_back({begin, static_cast<std::uint64_t>(part.bytes)});
        }
    }
    return samples;
}

WindowAdvice advise_window(const std::vector<LogSegment>& log, const TimeZone& zone,
                           const BackupWindow& present) {
    WindowAdvice advice;
    advice.time_zone = zone.name;
    advice.present = in_words(present);
    const auto proposal = propose_window(write_samples(log), zone, present);
    if (!proposal) {
        advice.why = "the log that is kept does not yet hold each half hour of the day three times";
        return advice;
    }
    advice.quietest = in_words(proposal->window);
    advice.quietest_bytes_per_second = proposal->bytes_per_second;
    advice.present_bytes_per_second = proposal->present_bytes_per_second;
    advice.why = proposal->why;
    return advice;
}

} // namespace lockstep::snapshots
