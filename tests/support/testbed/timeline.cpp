#include "tests/support/testbed/timeline.h"

#include <algorithm>

namespace lockstep::testbed {

namespace {

constexpr std::int64_t not_seen = -1;

// The events' kinds, as the controller writes them.
std::int64_t first_of(const std::vector<Moment>& moments, const std::string& kind,
                      std::int64_t from, const std::string& beginning = {}) {
    for (const auto& moment : moments) {
        if (moment.kind == kind && moment.after_ms >= from &&
            moment.message.starts_with(beginning)) {
            return moment.after_ms;
        }
    }
    return not_seen;
}

std::int64_t span(std::int64_t from, std::int64_t to) {
    return std::max<std::int64_t>(0, to - from);
}

std::vector<Moment> moments_after(const nlohmann::json& events, std::int64_t fault_unix_ms) {
    std::vector<Moment> moments;
    for (const auto& event : events) {
        const auto after = event.at("unix_ms").get<std::int64_t>() - fault_unix_ms;
        if (after >= 0) {
            moments.push_back(
                {after, event.value("kind", std::string()), event.value("message", std::string())});
        }
    }
    // The agents' reports reach the log after the decisions that they led to.
    std::ranges::stable_sort(moments, {}, &Moment::after_ms);
    return moments;
}

std::optional<Relaxation> read_relaxation(const std::vector<Moment>& moments) {
    const auto decided = first_of(moments, "narrow", 0);
    if (decided == not_seen) {
        return std::nullopt;
    }
    const auto stored = std::max(decided, first_of(moments, "decision", decided, "solo"));
    const auto relaxed =
        std::max(stored, first_of(moments, "ticket", stored, "commits wait for nobody"));
    return Relaxation{decided, span(decided, stored), span(stored, relaxed)};
}

} // namespace

Timeline read_timeline(const nlohmann::json& events, std::int64_t fault_unix_ms,
                       std::int64_t first_write_after_ms) {
    Timeline timeline;
    timeline.moments = moments_after(events, fault_unix_ms);
    const auto& moments = timeline.moments;
    timeline.relaxation = read_relaxation(moments);
    const auto decided = first_of(moments, "promote", 0);
    if (decided == not_seen) {
        timeline.redundant_again_ms =
            first_of(moments, "widen", std::max<std::int64_t>(0, first_of(moments, "narrow", 0)));
        return timeline;
    }
    timeline.promoted = true;
    // The first word about the new record comes as soon as it is stored.
    const auto stored = std::max(decided, first_of(moments, "decision", decided, "promoting"));
    // An acknowledged write proves that it serves, even if the controller notes it a moment later.
    const auto noted = std::max(stored, first_of(moments, "serve", stored));
    const auto served = std::max(stored, std::min(noted, first_write_after_ms));
    const auto published = std::max(stored, first_of(moments, "published", stored));
    auto& phases = timeline.phases;
    phases.detect = decided;
    phases.decide = span(decided, stored);
    phases.promote = span(stored, served);
    phases.publish = span(stored, published);
    phases.first_write = span(std::max(served, published), first_write_after_ms);
    timeline.redundant_again_ms = first_of(moments, "widen", served);
    return timeline;
}

} // namespace lockstep::testbed
