#include "agent/acceptance.h"

#include <algorithm>
#include <utility>

#include "agent/decision/order.h"
#include "agent/local_facts.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr std::chrono::seconds longest_proof{30};
constexpr Milliseconds between_fences{20};
constexpr const char* told_alarm = "told";
constexpr const char* memory_alarm = "memory";

/// F23: the record names this member primary and wants it to run nothing.
bool stands_down(const PairRecord& record, const MemberId& self) {
    return record.primary == self && goal_for(record, self).role == Role::none;
}

} // namespace

Acceptance::Acceptance(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
                       Supervisor& supervisor)
    : driver_(driver), state_(state), memory_(memory), journal_(journal), supervisor_(supervisor) {}

Awaitable<void> Acceptance::take(wire::Told told) {
    const auto arrived = boot_time();
    const Held held{state_.self, memory_.store_id(), memory_.record()};
    const auto judged = judge_told(held, told);
    if (is_alarm(judged.verdict) || judged.verdict == Verdict::withdrawn) {
        journal_.raise(told_alarm, judged.because);
    } else {
        journal_.clear(told_alarm);
    }
    if (judged.verdict == Verdict::newer) {
        state_.newest_told_at = arrived;
        auto accepted = co_await accept(*told.record);
        if (!accepted) {
            co_return; // Told again within a second.
        }
    }
    if (!is_current(judged.verdict)) {
        co_return;
    }
    if (judged.verdict == Verdict::same && lacks_proof(*told.record)) {
        co_await stand_down(told.record->revision,
                            told.record->epoch); // This agent was started anew since.
    }
    state_.told_at = boot_time();
    take_proof(told.proof);
    state_.withdrawn = judged.verdict == Verdict::withdrawn;
    if (told.record && state_.permit != told.permit) {
        state_.permit = told.permit; // One that is told no more is in force no more.
        state_.goal_wake.notify();
    }
    memory_.use_zone(std::move(told.zone));
}

/// Only a stamp of this very run of the agent says anything: the clock of another boot is another.
void Acceptance::take_proof(const std::optional<wire::Stamp>& proof) {
    if (!proof || proof->instance != state_.instance || proof->at > boot_time()) {
        return;
    }
    state_.proved_at = std::max(proof->at, state_.proved_at.value_or(proof->at));
}

bool Acceptance::lacks_proof(const PairRecord& record) const {
    const bool held = state_.never_promoted && state_.never_promoted->revision == record.revision;
    return !held && !proving_ && stands_down(record, state_.self);
}

Awaitable<Result<void>> Acceptance::accept(PairRecord record) {
    state_.newest_told = record.revision; // From here on nothing is begun under the old one.
    auto goal = goal_for(record, state_.self);
    co_await fence_if_deposed(std::move(goal));
    if (stands_down(record, state_.self)) {
        co_await stand_down(record.revision, record.epoch);
    }
    auto pair = record.pair;
    const auto revision = record.revision;
    auto self = state_.self;
    auto kept = co_await memory_.accept(std::move(record), std::move(self));
    if (!kept) {
        // Told again within a second. Until it is kept, nothing is begun under the old record
        // either: it may name this member primary, and the new one another.
        journal_.raise(memory_alarm,
                       "the record of revision " + std::to_string(number(revision)) +
                           " could not be kept and is not acted on: " + kept.error().message);
        co_return kept;
    }
    journal_.clear(memory_alarm);
    journal_.set_scene(std::move(pair), revision);
    state_.newest_kept_at = boot_time();
    state_.changed();
    co_return kept;
}

Awaitable<void> Acceptance::fence_if_deposed(Goal goal) {
    if (supervisor_.state() != Supervisor::State::running) {
        co_return;
    }
    const auto facts = gather_facts(goal, state_, memory_, supervisor_, driver_);
    const bool promoting = state_.promoting && goal.role != Role::primary;
    if (!must_fence_first(goal, facts) && !promoting) {
        co_return;
    }
    std::string why = "a newer record names another primary";
    const auto fenced = co_await supervisor_.fence(std::move(why));
    if (!fenced) {
        state_.goal_wake.notify(); // Tried again as a duty, once the record is kept.
    }
}

/// The proof comes before the acceptance is told: a controller that hears of a server that stands
/// down and lacks the proof takes it for one that has promoted.
Awaitable<void> Acceptance::stand_down(Revision revision, Epoch epoch) {
    proving_ = true;
    co_await prove_never_promoted(revision, epoch);
    proving_ = false;
}

Awaitable<void> Acceptance::prove_never_promoted(Revision revision, Epoch epoch) {
    const auto ended = co_await end_server();
    if (!ended) {
        journal_.write("stand down", Severity::alarm, ended.error().message);
        co_return;
    }
    const auto deadline = Deadline::in(longest_proof);
    const auto proved = co_await driver_.never_promoted(deadline);
    if (!proved) {
        journal_.write("stand down", Severity::alarm,
                       "whether it ever promoted cannot be told: " + proved.error().message);
        co_return;
    }
    // What finished a promotion, or was started as a standby after one may have begun, no longer
    // shows it.
    const auto& data = memory_.data();
    const bool never = *proved && data.begun_epoch != epoch && data.replayed_epoch != epoch;
    state_.never_promoted = LocalState::NeverPromoted{revision, never};
    state_.changed();
    journal_.write("stand down", Severity::warning,
                   never ? "stands down; the disk proves that it never promoted in this epoch"
                         : "stands down; a promotion may have begun in this epoch");
}

Awaitable<Result<void>> Acceptance::end_server() {
    const auto deadline = Deadline::in(longest_proof);
    while (supervisor_.state() != Supervisor::State::none) {
        if (deadline.passed()) {
            co_return fail(Errc::timeout, "stands down, but the server could not be ended");
        }
        std::string why = "the record wants this member to stand down";
        const auto fenced = co_await supervisor_.fence(std::move(why));
        if (!fenced) {
            co_await pause_for(between_fences); // It is being ended already, or could not be.
        }
    }
    co_return Result<void>{};
}

} // namespace lockstep
