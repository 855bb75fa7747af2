#include "controller/observer.h"

#include "controller/last_word.h"

namespace lockstep {
namespace {

constexpr Milliseconds silent_agent{300};
/// An agent that is refused dials again every few seconds: so long after the last refusal the
/// other one has given up.
constexpr Milliseconds refusal_stands{15000};

bool runs(const Observation& told) {
    return told.server == ServerState::primary || told.server == ServerState::standby;
}

} // namespace

Observer::Seen& Observer::seen(const MemberId& member, Milliseconds now) {
    return members_.try_emplace(member, now).first->second;
}

void Observer::connected(const MemberId& member, Milliseconds now) {
    seen(member, now).connected = true;
}

void Observer::disconnected(const MemberId& member, Milliseconds now) {
    seen(member, now).connected = false;
}

void Observer::heard(const MemberId& member, Observation observation, Milliseconds now) {
    auto& known = seen(member, now);
    known.since = now;
    known.highest = furthest(known.highest, observation.position);
    known.agent.alive(now);
    if (is_fine(observation)) {
        known.database.alive(now);
    }
    if (runs(observation)) {
        known.database_down_since.reset();
    } else if (!known.database_down_since) {
        known.database_down_since = now;
    }
    known.observation = std::move(observation);
}

void Observer::stamped(const MemberId& member, wire::Stamp stamp, Milliseconds now) {
    seen(member, now).stamp = std::move(stamp);
}

std::optional<wire::Stamp> Observer::stamp_of(const MemberId& member) const {
    const auto found = members_.find(member);
    return found == members_.end() ? std::nullopt : found->second.stamp;
}

void Observer::refused_stream(const MemberId& member, std::string reason, Milliseconds now) {
    auto& known = seen(member, now);
    known.refused_stream = std::move(reason);
    known.refused_at = now;
}

std::optional<Milliseconds> Observer::silence_of(const MemberId& member, Milliseconds now) const {
    const auto found = members_.find(member);
    return found == members_.end() ? std::nullopt : std::optional(now - found->second.since);
}

bool Observer::wants_probe(const MemberId& member, Milliseconds now) {
    const auto& known = seen(member, now);
    return now - known.since > silent_agent || !known.observation || !is_fine(*known.observation);
}

void Observer::probed(const MemberId& member, bool database_answered, bool agent_answered,
                      Milliseconds now) {
    auto& known = seen(member, now);
    const auto note = [now](PortWatch& port, bool answered) {
        if (answered) {
            port.alive(now);
            return;
        }
        port.failed();
    };
    note(known.database, database_answered);
    note(known.agent, agent_answered);
}

MemberView Observer::view_of(const MemberId& member, const Timings& timings,
                             Milliseconds now) const {
    MemberView view;
    const auto found = members_.find(member);
    if (found == members_.end()) {
        return view;
    }
    const auto& known = found->second;
    view.connected = known.connected;
    view.silent = now - known.since;
    // As it was said: no silence in it is made longer. While this controller is cut off nobody
    // reports how long anything was silent, and what is not reported is no evidence (F26).
    view.observation = known.observation;
    view.highest = known.highest;
    view.database_port_dead = known.database.dead(now, timings.dead_after);
    view.probe_failed = view.database_port_dead && known.agent.dead(now, timings.dead_after);
    if (known.database_down_since) {
        view.database_down_for = now - *known.database_down_since;
    }
    if (now - known.refused_at < refusal_stands) {
        view.refused_stream = known.refused_stream;
    }
    return view;
}

View Observer::view(const PairRecord& record, Milliseconds now, std::int64_t unix_ms) const {
    const auto timings = timings_of(record.policy.profile);
    View view;
    view.unix_ms = unix_ms;
    for (const auto& [id, member] : record.members) {
        view.members[id] = view_of(id, timings, now);
    }
    return view;
}

} // namespace lockstep
