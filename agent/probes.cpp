#include "agent/probes.h"

#include <utility>

#include "agent/decision/ballast.h"
#include "core/goal.h"
#include "platform/answers_tcp.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_observations{100};
constexpr Milliseconds while_somebody_waits{20};
constexpr Milliseconds longest_observation{1000};
constexpr Milliseconds between_heartbeats{300};
constexpr Milliseconds longest_heartbeat{1000};
constexpr Milliseconds between_connects{1000};
constexpr Milliseconds longest_connect{500};
constexpr Milliseconds longest_acknowledgement{3000};
constexpr const char* acknowledgement_alarm = "acknowledgement";

/// What the controller should hear of at once.
bool differs(const std::optional<ServerReport>& before, const ServerReport& now) {
    return !before || before->state != now.state ||
           before->stream.connected != now.stream.connected ||
           before->stream.name != now.stream.name ||
           before->acknowledgements.name != now.acknowledgements.name ||
           before->acknowledgements.streaming != now.acknowledgements.streaming ||
           before->lowered != now.lowered || before->unfit != now.unfit;
}

/// Whether somebody accepts a connection there.
Awaitable<bool> port_answers(Member upstream) {
    const auto deadline = Deadline::in(longest_connect);
    auto address = upstream.address;
    co_return co_await answers_tcp(std::move(address), upstream.port, deadline);
}

} // namespace

Probes::Probes(Driver& driver, LocalState& state, Supervisor& supervisor, const Memory& memory,
               Journal& journal)
    : driver_(driver), state_(state), supervisor_(supervisor), memory_(memory), journal_(journal) {}

Awaitable<void> Probes::observe() {
    for (;;) {
        if (runs()) {
            co_await observe_once();
        }
        // A switchover waits for the standby to say what it has, and clients for the door.
        const bool hurry = takes_over() || waits_behind_door();
        const auto pause = hurry ? while_somebody_waits : between_observations;
        co_await state_.observe_wake.wait(pause);
    }
}

bool Probes::takes_over() const {
    return memory_.record() && goal_for(*memory_.record(), state_.self).take_over;
}

bool Probes::waits_behind_door() const {
    return state_.is_behind_door() && state_.server.state() == ServerState::primary;
}

Awaitable<void> Probes::observe_once() {
    const auto asked_at = boot_time();
    const auto deadline = Deadline::in(longest_observation);
    state_.server.asked(asked_at);
    auto report = co_await driver_.observe(deadline);
    if (!runs()) {
        co_return; // It died meanwhile: what it said last is no news.
    }
    if (!report) {
        state_.server.failed(report.error().message);
        co_return;
    }
    supervisor_.answered();
    const auto& before = state_.server.report();
    const bool news = differs(before, *report);
    const bool moved = before && before->position != report->position;
    state_.server.take(std::move(*report), asked_at, boot_time());
    if (news) {
        state_.changed();
    } else if (waits_behind_door()) {
        state_.goal_wake.notify(); // The door opens with what this one says.
    } else if (moved && takes_over()) {
        state_.status_wake.notify();
    }
}

Awaitable<void> Probes::heartbeat() {
    for (;;) {
        if (runs() && state_.server.state() == ServerState::primary) {
            co_await heartbeat_once();
        } else {
            state_.heartbeat.reset(boot_time());
        }
        co_await pause_for(between_heartbeats);
    }
}

Awaitable<void> Probes::heartbeat_once() {
    const auto deadline = Deadline::in(longest_heartbeat);
    state_.heartbeat.asked(boot_time());
    const auto beat = co_await driver_.heartbeat(deadline);
    if (beat) {
        state_.heartbeat.good(boot_time()); // Waiting for the standby is not silence.
        co_return;
    }
    if (says_no_room(beat.error().message)) {
        state_.no_room_at = boot_time();
    }
    state_.heartbeat.bad(beat.error().message);
}

Awaitable<void> Probes::acknowledge() {
    for (;;) {
        co_await pause_for(between_heartbeats);
        if (runs() && state_.server.state() == ServerState::standby) {
            co_await acknowledge_once();
        } else {
            journal_.clear(acknowledgement_alarm);
        }
    }
}

Awaitable<void> Probes::acknowledge_once() {
    const auto deadline = Deadline::in(longest_acknowledgement);
    const auto told = co_await driver_.acknowledge_held(deadline);
    if (!told) {
        journal_.raise(acknowledgement_alarm, told.error().message + "; it is tried again");
        co_return;
    }
    journal_.clear(acknowledgement_alarm);
    if (!told->empty()) {
        journal_.write("acknowledged", Severity::info,
                       "commits waited for this standby: it " + *told);
    }
}

Awaitable<void> Probes::upstream() {
    for (;;) {
        co_await pause_for(between_connects);
        const auto goal = memory_.record() ? goal_for(*memory_.record(), state_.self) : Goal{};
        const bool streams = state_.server.disconnected_for(boot_time()).count() == 0;
        if (!runs() || streams || !goal.upstream) {
            state_.upstream_answers_since.reset();
            continue;
        }
        const bool answers = co_await port_answers(*goal.upstream);
        if (!answers) {
            state_.upstream_answers_since.reset();
        } else if (!state_.upstream_answers_since) {
            state_.upstream_answers_since = boot_time();
        }
    }
}

} // namespace lockstep
