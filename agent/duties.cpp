#include "agent/duties.h"

#include <utility>

#include "agent/data_view.h"
#include "agent/judgements.h"
#include "agent/local_facts.h"
#include "agent/wanted_ticket.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr std::chrono::seconds longest_stop{20};
constexpr std::chrono::seconds longest_promotion{60};
constexpr std::chrono::seconds longest_apply{10};
constexpr std::chrono::seconds longest_slots{5};
constexpr Milliseconds slow_relaxation{500};
constexpr std::chrono::seconds longest_proof{5};
constexpr Milliseconds one_look{1500}; // After it, whether the proof is still wanted.
constexpr Milliseconds between_looks{20};
constexpr std::chrono::seconds longest_judgement{30};

std::uint64_t new_request() {
    const auto number = std::stoull(random_hex(7), nullptr, 16); // 56 bits: exact in any JSON.
    return number == 0 ? 1 : number;
}

std::string span(Milliseconds from, Milliseconds to) {
    return std::to_string((to - from).count()) + " ms";
}

} // namespace

Duties::Duties(Driver& driver, LocalState& state, Memory& memory, Journal& journal,
               Supervisor& supervisor, DataMaking& making)
    : driver_(driver), state_(state), memory_(memory), journal_(journal), supervisor_(supervisor),
      making_(making), hold_(driver), handing_over_(driver, state, journal, supervisor) {}

Awaitable<Result<void>> Duties::run(Duty duty, Goal goal) {
    const auto now = boot_time();
    std::string why(duty.because);
    std::function<bool()> still_wanted = [this, goal] { return is_current(goal); };
    switch (duty.kind) {
    case DutyKind::inspect: co_return co_await making_.inspect();
    case DutyKind::fence: co_return co_await supervisor_.fence(std::move(why));
    case DutyKind::stop: co_return co_await stop(duty, std::move(goal));
    case DutyKind::remove_ticket: co_return supervisor_.remove_ticket();
    case DutyKind::initialise: co_return co_await making_.initialise();
    case DutyKind::restore: co_return co_await making_.restore(std::move(goal));
    case DutyKind::start_primary: co_return co_await start_primary(std::move(goal));
    case DutyKind::ask_to_start: co_return ask_to_start();
    case DutyKind::start_standby: co_return co_await start_standby(std::move(goal));
    case DutyKind::start_replaying: co_return co_await start_replaying(std::move(goal));
    case DutyKind::promote: co_return co_await promote(std::move(goal));
    case DutyKind::apply_ticket: co_return co_await apply_ticket(std::move(goal));
    case DutyKind::keep_slots: co_return co_await keep_slots(std::move(goal));
    case DutyKind::prove: co_return co_await prove(std::move(goal));
    case DutyKind::hand_over:
        co_return co_await handing_over_.run(std::move(goal), std::move(still_wanted));
    case DutyKind::read_stop: co_return co_await handing_over_.read_stop(std::move(goal));
    case DutyKind::clone: co_return co_await making_.clone(std::move(goal));
    case DutyKind::judge: co_return co_await judge(std::move(goal));
    case DutyKind::replace:
        co_return co_await making_.replace(std::move(goal), std::move(still_wanted));
    case DutyKind::hold_replay: co_return co_await hold_.step(now);
    case DutyKind::rest:
    case DutyKind::wait:
    case DutyKind::block: break;
    }
    co_return Result<void>{};
}

Awaitable<Result<void>> Duties::release_replay() {
    co_return co_await hold_.end();
}

Result<void> Duties::ask_to_start() {
    if (state_.start_request == 0) {
        state_.start_request = new_request();
        state_.asked_at = boot_time();
        state_.permit.reset();
        journal_.write("start asked", Severity::info,
                       "asks a controller whether it may be started as primary (R5)");
    }
    return {};
}

Awaitable<Result<void>> Duties::start(Ticket ticket, Goal goal) {
    std::function<bool()> still_wanted = [this, goal] { return is_current(goal); };
    state_.forget_server(boot_time());
    hold_.forget();
    auto started = co_await supervisor_.start(ticket, std::move(still_wanted));
    if (started) {
        if (state_.inside) {
            state_.inside->standby = !ticket.primary; // Made so with the ticket.
        }
        state_.door = ticket.door;
        state_.door_since = ticket.door == Door::shut ? "it was started just now" : "";
        state_.in_force = std::move(ticket);
        if (state_.hand_over) { // It is over, whatever came of it: not again under this revision.
            state_.hand_over->stage = HandOverStage::preparing;
            state_.hand_over->trouble = "the server was started again";
        }
        state_.observe_wake.notify();
    }
    co_return started;
}

Awaitable<Result<void>> Duties::start_primary(Goal goal) {
    const auto verdict = judge_boot(state_, memory_);
    if (!verdict.allowed) {
        co_return fail(Errc::conflict, std::string(verdict.because));
    }
    auto ticket = primary_ticket(goal, verdict.door);
    // A permit is for one start: the next one is asked for anew.
    state_.start_request = 0;
    state_.permit.reset();
    auto started = co_await start(std::move(ticket), std::move(goal));
    if (started) {
        const bool shut = verdict.door == Door::shut;
        journal_.write("started", shut ? Severity::warning : Severity::info,
                       "started the server as primary" +
                           std::string(shut ? ", behind a shut door (R9): " : ": ") +
                           std::string(verdict.because));
    }
    co_return started;
}

Awaitable<Result<void>> Duties::start_standby(Goal goal) {
    const auto& before = memory_.data();
    if (number(before.begun_epoch) != 0 || before.followed_epoch != goal.epoch) {
        // What was promoted is now a standby again: it has begun nothing.
        DataMemory data = before;
        data.begun_epoch = Epoch{0};
        data.followed_epoch = goal.epoch;
        auto kept = co_await memory_.keep_data(data);
        if (!kept) {
            co_return kept;
        }
    }
    if (state_.must_judge) {
        ++state_.fruitless_judgements;
    }
    state_.must_judge = false;
    state_.judgement.reset();
    auto ticket = standby_ticket(goal);
    const auto upstream = goal.upstream ? goal.upstream->id : "nobody";
    auto started = co_await start(std::move(ticket), std::move(goal));
    if (started) {
        journal_.write("started", Severity::info, "started the server as standby of " + upstream);
    }
    co_return started;
}

/// A promotion that a crash cut short after clients may have written leaves a primary's data, and
/// the start below wipes that out.
Awaitable<Result<void>> Duties::note_replay(Epoch epoch) {
    const auto owner = look_at_owner(driver_.data_folder(), memory_.data());
    const bool primarys = data_of(owner, state_.inside, memory_.data()) == Data::primary;
    if (!primarys || memory_.data().replayed_epoch == epoch) {
        co_return Result<void>{};
    }
    DataMemory data = memory_.data();
    data.replayed_epoch = epoch;
    co_return co_await memory_.keep_data(std::move(data));
}

Awaitable<Result<void>> Duties::start_replaying(Goal goal) {
    auto noted = co_await note_replay(goal.epoch);
    if (!noted) {
        co_return noted;
    }
    auto ticket = replaying_ticket(goal);
    auto started = co_await start(std::move(ticket), std::move(goal));
    if (started) {
        journal_.write("started", Severity::info, "started the server to replay, then to promote");
    }
    co_return started;
}

Awaitable<Result<void>> Duties::stop(Duty duty, Goal goal) {
    const auto deadline = Deadline::in(longest_stop);
    std::string why(duty.because);
    journal_.write("stop", Severity::info, "stops the server: " + why);
    auto stopped = co_await supervisor_.stop(std::move(why), deadline);
    if (stopped && goal.role == Role::standby) {
        state_.must_judge = true;
        state_.judgement.reset();
    }
    co_return stopped;
}

Awaitable<Result<void>> Duties::promote(Goal goal) {
    if (!is_current(goal)) {
        co_return fail(Errc::conflict, "the record changed");
    }
    const auto began = boot_time();
    const auto deadline = Deadline::in(longest_promotion);
    const auto loss = goal.may_lack ? Loss::accepted : Loss::refused;
    state_.promoting = true;
    const auto history = co_await driver_.promote(deadline, loss);
    state_.promoting = false;
    if (!history) {
        co_return tl::unexpected(history.error());
    }
    if (!is_current(goal)) {
        co_return fail(Errc::conflict, "the record changed while it was promoted");
    }
    state_.server.became_primary(boot_time());
    if (state_.inside) {
        state_.inside->standby = false;
    }
    state_.observe_wake.notify();
    auto finished = co_await finish_promotion(std::move(goal), began);
    co_return finished;
}

Awaitable<Result<void>> Duties::finish_promotion(Goal goal, Milliseconds began) {
    const auto promoted = boot_time();
    DataMemory data = memory_.data();
    data.begun_epoch = goal.epoch;
    auto kept = co_await memory_.keep_data(data);
    if (!kept) {
        co_return kept;
    }
    const auto now = boot_time();
    journal_.write("promote", Severity::info,
                   "primary in epoch " + std::to_string(number(goal.epoch)) + ": told → kept " +
                       span(state_.newest_told_at, state_.newest_kept_at) + ", kept → promotion " +
                       span(state_.newest_kept_at, began) + ", promotion " + span(began, promoted) +
                       ", promotion → kept " + span(promoted, now));
    state_.changed();
    co_return Result<void>{};
}

Awaitable<Result<void>> Duties::apply_ticket(Goal goal) {
    const auto began = boot_time();
    const auto ticket = wanted_ticket(goal, state_.door);
    const auto deadline = Deadline::in(longest_apply);
    state_.in_force.reset(); // Until it is seen in force, neither the old one nor the new one is.
    auto applied = co_await driver_.apply(ticket, deadline);
    if (!applied) {
        co_return applied;
    }
    state_.in_force = ticket;
    if (ticket.primary && ticket.sync_name.empty()) {
        tell_relaxation(boot_time() - began);
    }
    const auto name = ticket.primary ? ticket.sync_name : ticket.stream_name;
    journal_.write("ticket", Severity::info,
                   (ticket.primary ? "commits wait for " : "streams as ") +
                       (name.empty() ? "nobody" : name) + ", after " + span(began, boot_time()));
    state_.changed();
    co_return applied;
}

/// F20: commits go on waiting until the engine's checkpointer gets to it, however busy it is.
void Duties::tell_relaxation(Milliseconds took) {
    ++relaxations_;
    if (took < slow_relaxation) {
        return;
    }
    ++slow_relaxations_;
    journal_.write("relaxed late", Severity::warning,
                   "commits that waited for the standby were let go only after " +
                       std::to_string(took.count()) + " ms: a busy checkpointer delays it (" +
                       std::to_string(slow_relaxations_) + " of " + std::to_string(relaxations_) +
                       " times since this agent's start)");
}

Awaitable<Result<void>> Duties::keep_slots(Goal goal) {
    const auto deadline = Deadline::in(longest_slots);
    auto wanted = slots_wanted(goal);
    auto kept = co_await driver_.keep_for(wanted, deadline);
    if (kept) {
        state_.slots_kept_for = std::move(wanted);
        state_.slots_kept_at = boot_time();
    }
    co_return kept;
}

Awaitable<Result<void>> Duties::prove(Goal goal) {
    const auto began = boot_time();
    const auto deadline = Deadline::in(longest_proof);
    Result<Position> position = Position{};
    // A grant that is withdrawn meanwhile must be obeyed at once: commits wait all the time.
    while (true) {
        const auto slice = deadline.earlier(one_look);
        position = co_await driver_.prove(goal.sync_name, slice);
        if (position || position.error().code != Errc::timeout || deadline.passed() ||
            !is_current(goal)) {
            break;
        }
        co_await pause_for(between_looks);
    }
    if (!is_current(goal)) {
        co_return fail(Errc::conflict, "the record changed during the proof");
    }
    if (!position) {
        co_return tl::unexpected(position.error());
    }
    state_.barrier = Barrier{goal.revision, goal.sync_name, *position};
    journal_.write("barrier", Severity::info,
                   "saw a commit wait for " + goal.sync_name + " after " +
                       span(began, boot_time()) + "; the barrier is taken");
    state_.changed();
    co_return Result<void>{};
}

/// F13: two members promoted from the same place each begin a timeline of the same name. Data that
/// was named primary since it last followed, in an epoch that is over, may hold such a twin.
bool Duties::may_be_a_twin(const Goal& goal, const Divergence& divergence) const {
    const auto named = memory_.named_primary();
    return divergence.same_timeline && named > memory_.data().followed_epoch && named < goal.epoch;
}

Awaitable<Result<void>> Duties::judge(Goal goal) {
    const auto deadline = Deadline::in(longest_judgement);
    auto divergence = co_await driver_.judge(*goal.upstream, deadline);
    if (!divergence) {
        co_return tl::unexpected(divergence.error());
    }
    if (!divergence->diverged && may_be_a_twin(goal, *divergence)) {
        divergence->diverged = true;
        divergence->why =
            "it was named primary in epoch " + std::to_string(number(memory_.named_primary())) +
            " and may have begun a timeline of the same number and fork as " + goal.upstream->id +
            "'s: equal in name, not in content (" + divergence->why + ")";
    }
    journal_.write("judged", divergence->diverged ? Severity::warning : Severity::info,
                   (divergence->diverged ? "this data left the history of "
                                         : "this data is of the "
                                           "history of ") +
                       goal.upstream->id + ": " + divergence->why);
    state_.judgement = DataJudgement{goal.epoch, goal.upstream->id, std::move(*divergence)};
    co_return Result<void>{};
}

} // namespace lockstep
