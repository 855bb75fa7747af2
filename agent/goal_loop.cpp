#include "agent/goal_loop.h"

#include <algorithm>
#include <utility>

#include "agent/coroutine.h"
#include "agent/local_facts.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_steps{100};
constexpr Milliseconds between_looks{20};
constexpr Milliseconds look_again_after{2000};
constexpr Milliseconds noticed_break{1000};
constexpr Milliseconds fence_again_after{500};
constexpr const char* duty_alarm = "duty";
constexpr const char* data_alarm = "data folder";

bool makes_data(DutyKind kind) {
    return kind == DutyKind::initialise || kind == DutyKind::restore || kind == DutyKind::clone ||
           kind == DutyKind::replace;
}

bool is_passive(DutyKind kind) {
    return kind == DutyKind::rest || kind == DutyKind::wait || kind == DutyKind::block ||
           kind == DutyKind::ask_to_start;
}

/// How long after its n-th failure in a row a duty is tried again. A promotion can't wait.
Milliseconds back_off(DutyKind kind, unsigned failures) {
    if (kind == DutyKind::promote) {
        return Milliseconds{50};
    }
    const auto doublings = std::min(failures, 8U);
    if (makes_data(kind)) {
        return std::min(Milliseconds{1000} * (1U << doublings), Milliseconds{30000});
    }
    return std::min(Milliseconds{100} * (1U << doublings), Milliseconds{5000});
}

} // namespace

GoalLoop::GoalLoop(asio::any_io_executor executor, Driver& driver, LocalState& state,
                   Memory& memory, Journal& journal, Supervisor& supervisor, DataMaking& making)
    : executor_(std::move(executor)), driver_(driver), state_(state), memory_(memory),
      journal_(journal), supervisor_(supervisor), making_(making),
      duties_(driver, state, memory, journal, supervisor, making) {}

Awaitable<void> GoalLoop::run() {
    for (;;) {
        step();
        co_await state_.goal_wake.wait(between_steps);
    }
}

Awaitable<void> GoalLoop::cease(Deadline deadline) {
    ceased_ = true;
    if (work_ && makes_data(work_->duty.kind) && making_.may_be_cancelled() && !work_->cancelled) {
        work_->cancelled = true;
        work_->cancel.emit(asio::cancellation_type::terminal);
    }
    while ((work_ || fencing_) && !deadline.passed()) {
        co_await pause_for(between_looks);
    }
}

/// Steps come every 100 ms: where one comes much later, the agent or its machine was frozen.
void GoalLoop::notice_a_break() {
    const auto now = boot_time();
    if (now - looked_at_ >= noticed_break) {
        state_.awake_since = now;
    }
    looked_at_ = now;
}

void GoalLoop::step() {
    notice_a_break();
    const auto owner = look_at_owner(driver_.data_folder(), memory_.data());
    if (!owner.because.empty()) {
        journal_.raise(data_alarm, owner.because);
    } else {
        journal_.clear(data_alarm);
    }
    if (!memory_.record()) {
        feed_(std::nullopt);
        return;
    }
    const auto goal = goal_for(*memory_.record(), state_.self);
    look_at_door(goal);
    const auto verdict = look_at_fence(goal);
    feed_(limit_of(goal, verdict));
    if (verdict.fence) {
        begin_fence(std::string(verdict.because));
        return;
    }
    if (ceased_) {
        return;
    }
    const auto facts = gather_facts(goal, state_, memory_, supervisor_, driver_);
    if (facts.streaming) {
        state_.fruitless_judgements = 0;
    }
    const auto duty = next_duty(goal, facts);
    if (duty.kind == DutyKind::fence) {
        begin_fence(std::string(duty.because));
        return;
    }
    if (work_) {
        look_after_job(duty, goal);
        return;
    }
    if (state_.newest_told > goal.revision) {
        return; // A newer record is being accepted: nothing is begun under this one.
    }
    tell(duty, facts);
    const auto chosen = or_look_again(duty);
    if (is_due(chosen.kind)) {
        begin(chosen, goal);
    }
}

bool GoalLoop::runs_as_primary(const Goal& goal) const {
    return goal.role == Role::primary && supervisor_.state() == Supervisor::State::running;
}

/// R9: shut stays shut until it is shown that it may be opened; the ticket then follows.
void GoalLoop::look_at_door(const Goal& goal) {
    if (state_.door == Door::open || !runs_as_primary(goal)) {
        return;
    }
    const auto verdict = judge_door(state_, memory_);
    if (verdict.because != state_.door_since) {
        journal_.write("door", Severity::info,
                       (verdict.door == Door::open ? "opens the door: " : "the door stays shut: ") +
                           std::string(verdict.because));
    }
    state_.door = verdict.door;
    state_.door_since = verdict.because;
}

/// R6.
FenceVerdict GoalLoop::look_at_fence(const Goal& goal) {
    const bool strict = runs_as_primary(goal) && !goal.sync_name.empty();
    if (!strict || state_.is_behind_door()) {
        state_.strict_since.reset();
    } else if (!state_.strict_since) {
        state_.strict_since = boot_time();
    }
    return judge_fence(goal, state_, memory_);
}

/// A strict primary that is just being started must not slip through between two steps.
std::optional<Milliseconds> GoalLoop::limit_of(const Goal& goal,
                                               const FenceVerdict& verdict) const {
    const auto now = boot_time();
    if (verdict.holds_for) {
        return now + *verdict.holds_for;
    }
    const bool may_be_started = goal.role == Role::primary && !goal.sync_name.empty() &&
                                supervisor_.state() == Supervisor::State::none;
    return may_be_started ? std::optional(now + Timings{}.fence_after) : std::nullopt;
}

/// What blocks needs an operator; what goes well needs nobody.
void GoalLoop::tell(const Duty& duty, const LocalFacts& facts) {
    if (duty.kind == DutyKind::block && facts.data != Data::foreign) {
        const auto what = state_.inside ? " (" + state_.inside->what + ")" : "";
        journal_.raise(duty_alarm,
                       driver_.data_folder().string() + what + ": " + std::string(duty.because));
        return;
    }
    if (is_passive(duty.kind)) {
        journal_.clear(duty_alarm);
    }
    if (duty.kind != DutyKind::ask_to_start && duty.kind != DutyKind::start_primary) {
        state_.start_request = 0;
    }
}

/// While no server runs, the data folder is looked at again and again: an operator may change it.
Duty GoalLoop::or_look_again(Duty duty) const {
    const bool old = boot_time() - state_.inspected_at >= look_again_after;
    if (is_passive(duty.kind) && old && supervisor_.state() == Supervisor::State::none &&
        !memory_.data().making && !memory_.data().data_id.empty()) {
        return {DutyKind::inspect, "looks at the data folder again"};
    }
    return duty;
}

bool GoalLoop::is_due(DutyKind kind) const {
    if (kind == DutyKind::rest || kind == DutyKind::wait || kind == DutyKind::block) {
        return duties_.holds_replay(); // Nothing to do but to let replay go on.
    }
    if (kind == DutyKind::ask_to_start && state_.start_request != 0) {
        return false;
    }
    const auto found = failures_.find(kind);
    // What failed for want of room is tried at once when there is room again.
    return found == failures_.end() || boot_time() >= found->second.again_at ||
           state_.room_again_at > found->second.failed_at;
}

/// A clone that nobody wants any more is ended; every other duty ends by itself.
void GoalLoop::look_after_job(const Duty& duty, const Goal& goal) {
    const bool same_source =
        !goal.upstream || !work_->goal.upstream || *goal.upstream == *work_->goal.upstream;
    const bool wanted = makes_data(duty.kind) && same_source;
    if (makes_data(work_->duty.kind) && !wanted && making_.may_be_cancelled() &&
        !work_->cancelled) {
        work_->cancelled = true;
        journal_.write("clone ended", Severity::warning,
                       "the record changed: the copy in progress is given up");
        work_->cancel.emit(asio::cancellation_type::terminal);
    }
}

void GoalLoop::begin(Duty duty, Goal goal) {
    work_ = std::make_shared<Work>();
    work_->duty = duty;
    work_->goal = std::move(goal);
    auto done = [this, current = work_](const std::exception_ptr& failure) {
        work_.reset();
        if (failure && !current->cancelled) {
            std::rethrow_exception(failure); // A bug: it ends the agent, and the server goes on.
        }
        if (failure) {
            making_.cancelled();
        }
        if (current->duty.kind != DutyKind::hold_replay) {
            state_.goal_wake.notify();
        }
    };
    asio::co_spawn(executor_, work(work_),
                   asio::bind_cancellation_slot(work_->cancel.slot(), std::move(done)));
}

Awaitable<void> GoalLoop::work(std::shared_ptr<Work> current) {
    const auto duty = current->duty;
    auto goal = current->goal;
    // A promotion lets replay go on by itself, and can't wait.
    const bool release = duties_.holds_replay() && duty.kind != DutyKind::hold_replay &&
                         duty.kind != DutyKind::promote;
    if (release) {
        const auto released = co_await duties_.release_replay();
        if (!released) {
            journal_.write("retry", Severity::warning,
                           "let replay go on: " + released.error().message +
                               " (the engine does by itself after a second)");
        }
    }
    const auto outcome = co_await duties_.run(duty, std::move(goal));
    ended(duty, outcome);
}

void GoalLoop::ended(const Duty& duty, const Result<void>& outcome) {
    auto& failures = failures_[duty.kind];
    if (outcome) {
        failures = Failures{};
        if (duty.kind != DutyKind::inspect && duty.kind != DutyKind::ask_to_start) {
            journal_.clear(duty_alarm);
        }
        return;
    }
    failures.failed_at = boot_time();
    failures.again_at = failures.failed_at + back_off(duty.kind, failures.in_a_row);
    ++failures.in_a_row;
    const auto text = std::string(to_string(duty.kind)) + ": " + outcome.error().message;
    if (outcome.error().code == Errc::conflict) {
        return; // The record went on: the next step does what it says now.
    }
    if (failures.in_a_row == 1) {
        journal_.write("retry", Severity::warning, text);
        return;
    }
    journal_.raise(duty_alarm, text);
}

void GoalLoop::begin_fence(std::string why) {
    if (fencing_ || boot_time() < fence_again_at_) {
        return;
    }
    fencing_ = true;
    start_coroutine(executor_, fence(std::move(why)));
}

Awaitable<void> GoalLoop::fence(std::string why) {
    const auto fenced = co_await supervisor_.fence(std::move(why));
    fencing_ = false;
    if (!fenced) {
        fence_again_at_ = boot_time() + fence_again_after; // The supervisor raised the alarm.
    }
    state_.goal_wake.notify();
}

} // namespace lockstep
