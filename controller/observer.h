#pragma once

#include <map>
#include <optional>
#include <string>

#include "controller/decision/view.h"
#include "controller/port_watch.h"
#include "core/record.h"
#include "core/wire/messages.h"

namespace lockstep {

/// Keeps what is known of each member, and makes of it the view of a pair at one moment. Times are
/// boot times and come from the caller.
class Observer {
public:
    void connected(const MemberId& member, Milliseconds now);
    void disconnected(const MemberId& member, Milliseconds now);
    void heard(const MemberId& member, Observation observation, Milliseconds now);
    /// What the member's agent stamped its last status with.
    void stamped(const MemberId& member, wire::Stamp stamp, Milliseconds now);
    [[nodiscard]] std::optional<wire::Stamp> stamp_of(const MemberId& member) const;
    /// R11: a second stream with this identity was refused.
    void refused_stream(const MemberId& member, std::string reason, Milliseconds now);

    /// Since its agent was last heard; empty: nothing is known of it.
    [[nodiscard]] std::optional<Milliseconds> silence_of(const MemberId& member,
                                                         Milliseconds now) const;

    /// Whether the controller should connect to the member's ports itself: its agent is silent,
    /// or says that its server is not well.
    [[nodiscard]] bool wants_probe(const MemberId& member, Milliseconds now);
    /// The outcome of one round of the controller's own connects.
    void probed(const MemberId& member, bool database_answered, bool agent_answered,
                Milliseconds now);

    [[nodiscard]] MemberView view_of(const MemberId& member, const Timings& timings,
                                     Milliseconds now) const;
    [[nodiscard]] View view(const PairRecord& record, Milliseconds now, std::int64_t unix_ms) const;

private:
    struct Seen {
        explicit Seen(Milliseconds now) : since(now), database(now), agent(now) {}
        Milliseconds since; // When its agent was last heard, or first looked for.
        bool connected = false;
        std::optional<Observation> observation;
        std::optional<wire::Stamp> stamp;
        Position highest;
        PortWatch database;
        PortWatch agent;
        std::optional<Milliseconds> database_down_since; // As its agent tells.
        std::string refused_stream;
        Milliseconds refused_at{0};
    };
    Seen& seen(const MemberId& member, Milliseconds now);

    std::map<MemberId, Seen> members_;
};

} // namespace lockstep
