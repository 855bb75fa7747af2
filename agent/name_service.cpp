#include "agent/name_service.h"

#include <algorithm>
#include <utility>

#include "agent/decision/vouch.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_saves{1000};
constexpr const char* zone_alarm = "zone";

} // namespace

NameView::NameView(const LocalState& state, const Memory& memory, const Supervisor& supervisor)
    : state_(state), memory_(memory), supervisor_(supervisor) {}

/// The agent's own record may be newer than the zone: it was told first, or the zone is from disk.
wire::Zone NameView::zone() const {
    auto zone = memory_.zone();
    const auto& record = memory_.record();
    if (!record || !record->members.contains(state_.self)) {
        return zone;
    }
    const auto mine = std::ranges::find(zone.endpoints, record->pair, &Endpoint::pair);
    if (mine != zone.endpoints.end() && mine->revision < record->revision) {
        *mine = endpoint_of(*record);
        const auto serial = static_cast<std::uint32_t>(number(record->revision));
        zone.serial = std::max(zone.serial, serial);
    }
    return zone;
}

bool NameView::vouches_for(const PairName& pair) const {
    const auto now = boot_time();
    VouchFacts facts;
    facts.self = state_.self;
    if (memory_.record() && memory_.record()->pair == pair) {
        facts.record = memory_.record();
        facts.fence_after = timings_of(facts.record->policy.profile).fence_after;
    }
    if (supervisor_.state() == Supervisor::State::running) {
        facts.server = state_.server.state();
        facts.stream = state_.server.stream(now);
        facts.acknowledgements = state_.server.acknowledgements(now, state_.fsync_proved_at);
    }
    if (state_.proved_at) {
        facts.proved_ago = now - *state_.proved_at;
    }
    return may_vouch(facts).vouched;
}

std::shared_ptr<const dns::ZoneView> NameView::current() {
    dns::ZoneView view;
    view.zone = zone();
    // Of pairs made since a controller last spoke this agent knows nothing, so it denies none.
    view.may_deny = state_.proved_at && boot_time() - *state_.proved_at < Timings{}.fence_after;
    for (const auto& endpoint : view.zone.endpoints) {
        if (vouches_for(endpoint.pair)) {
            view.vouched.insert(endpoint.pair);
        }
    }
    if (!last_ || last_->zone != view.zone || last_->vouched != view.vouched ||
        last_->may_deny != view.may_deny) {
        last_ = std::make_shared<const dns::ZoneView>(std::move(view));
    }
    return last_;
}

Awaitable<void> save_zone(Memory& memory, Journal& journal) {
    auto saved = memory.zone();
    for (;;) {
        co_await pause_for(between_saves);
        if (memory.zone() == saved) {
            continue;
        }
        auto zone = memory.zone();
        const auto kept = co_await memory.keep_zone(zone);
        if (kept) {
            saved = std::move(zone);
            journal.clear(zone_alarm);
        } else {
            journal.raise(zone_alarm, "the zone could not be saved: " + kept.error().message);
        }
    }
}

} // namespace lockstep
