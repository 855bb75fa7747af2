#include "agent/handing_over.h"

#include <utility>

#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr Milliseconds longest_preparation{600000};
constexpr Milliseconds longest_wait_for_standby{30000};
constexpr Milliseconds longest_from_shut_door{5000}; // To a clean stop (DECISIONS.md 10).
constexpr Milliseconds longest_drain{2000};
constexpr Milliseconds patience_with_sessions{100}; // For a transaction that is under way.
constexpr Milliseconds between_looks{3};
constexpr Milliseconds one_slice{250}; // After it, whether the checkpoint is still wanted.
constexpr Milliseconds longest_read{5000};
constexpr Milliseconds longest_lingering{300};         // Of what a server that is shut down leaves.
constexpr Milliseconds longest_wait_for_answer{1500};  // A heartbeat comes every 300 ms.
constexpr Milliseconds controller_speaks_within{2500}; // It does each second.
/// A second checkpoint has only what was written during the first.
constexpr Milliseconds short_checkpoint{1000};
constexpr int most_checkpoints = 3;

} // namespace

void HandingOver::enter(HandOverStage stage) {
    auto& run = *state_.hand_over;
    run.stage = stage;
    run.since = boot_time();
    run.entered[static_cast<std::size_t>(stage)] = run.since;
    state_.changed();
}

void HandingOver::give_up(const std::string& why) {
    state_.hand_over->trouble = why;
    state_.changed();
    journal_.write("hand_over", Severity::warning,
                   "the switchover is given up while " +
                       std::string(to_string(state_.hand_over->stage)) + ": " + why);
}

Awaitable<Result<void>> HandingOver::run(Goal goal, StillWanted still_wanted) {
    state_.hand_over = LocalState::HandOverRun{};
    state_.hand_over->revision = goal.revision;
    enter(HandOverStage::preparing);
    const auto prepared = co_await prepare(still_wanted);
    if (!still_wanted()) {
        state_.hand_over.reset();
        co_return fail(Errc::conflict, "the switchover is no longer wanted");
    }
    if (!prepared) {
        give_up(prepared.error().message);
        co_return Result<void>{};
    }
    const auto deadline = Deadline::in(longest_from_shut_door);
    enter(HandOverStage::draining);
    const auto drained = co_await drain(deadline);
    if (!still_wanted()) {
        state_.hand_over.reset();
        co_return fail(Errc::conflict, "the switchover is no longer wanted");
    }
    if (!drained) {
        give_up(drained.error().message);
        co_return Result<void>{};
    }
    enter(HandOverStage::stopping);
    auto stopped = co_await stop(std::move(still_wanted), deadline);
    co_return stopped;
}

/// Whatever takes long is done while the server still serves.
Awaitable<Result<void>> HandingOver::prepare(StillWanted still_wanted) {
    for (int i = 0; i < most_checkpoints; ++i) {
        const auto began = boot_time();
        auto written = co_await write_checkpoint(still_wanted);
        if (!written) {
            co_return written;
        }
        if (boot_time() - began < short_checkpoint) {
            break;
        }
    }
    auto follows = co_await until_standby_follows();
    if (follows && !controller_is_heard()) {
        co_return fail(Errc::unreachable,
                       "no controller was heard lately: nobody could promote the standby");
    }
    co_return follows;
}

bool HandingOver::controller_is_heard() const {
    return state_.told_at && boot_time() - *state_.told_at < controller_speaks_within;
}

Awaitable<Result<void>> HandingOver::write_checkpoint(StillWanted still_wanted) {
    const auto deadline = Deadline::in(longest_preparation);
    while (still_wanted()) {
        const auto slice = deadline.earlier(one_slice);
        auto written = co_await driver_.checkpoint(slice);
        if (written || written.error().code != Errc::timeout || deadline.passed()) {
            co_return written;
        }
    }
    co_return fail(Errc::conflict, "the switchover is no longer wanted");
}

/// A standby that does not answer would let a clean stop hang (F22); one with much to replay would
/// be promoted late. The agent's own heartbeats are acknowledged, if anything is.
Awaitable<Result<void>> HandingOver::until_standby_follows() {
    const auto began = boot_time();
    const auto replayed_by = Deadline::in(longest_wait_for_standby);
    const auto answered_by = Deadline::in(longest_wait_for_answer);
    while (true) {
        const auto now = boot_time();
        const auto acks = state_.server.acknowledgements(now, state_.fsync_proved_at);
        const bool answers = acks.streaming && acks.silent < now - began;
        const auto& report = state_.server.report();
        const bool replays = report && report->unreplayed_bytes <= largest_backlog(report->unit);
        if (answers && replays) {
            co_return Result<void>{};
        }
        if (!answers && answered_by.passed()) {
            co_return fail(Errc::timeout, "the standby does not acknowledge a commit");
        }
        if (replayed_by.passed()) {
            co_return fail(Errc::timeout, "the standby does not catch up with replaying");
        }
        co_await pause_for(between_looks);
    }
}

/// Should it fail, the ticket is no longer the goal's, and to apply that is the next duty: the door
/// opens again.
Awaitable<Result<void>> HandingOver::drain(Deadline deadline) {
    state_.in_force.reset();
    const auto patience = patience_with_sessions;
    const auto drained_by = deadline.earlier(longest_drain);
    co_return co_await driver_.drain(patience, drained_by);
}

/// Told as soon as the log has its last record: processes that are left write nothing more.
Awaitable<Result<void>> HandingOver::stop(StillWanted still_wanted, Deadline deadline) {
    std::string why = "an operator asked for a switchover";
    const auto asked = co_await supervisor_.ask_to_stop(why, deadline);
    if (!asked) {
        enter(HandOverStage::draining); // It was not stopped.
        give_up(asked.error().message);
        co_return Result<void>{};
    }
    auto end = co_await end_of_log(deadline);
    if (!end && !supervisor_.has_process()) {
        died();
        co_return Result<void>{};
    }
    if (!end) {
        const auto killed = co_await supervisor_.fence(why);
        static_cast<void>(killed); // What is left is a duty, and told by an alarm.
        end = co_await read_end();
    }
    conclude(std::move(end));
    co_await let_it_end(std::move(still_wanted), deadline);
    if (supervisor_.has_process()) {
        // A hung archiver, or a logical walsender: nothing that the switchover waits for.
        const auto killed = co_await supervisor_.fence(std::move(why));
        static_cast<void>(killed);
    }
    co_return Result<void>{};
}

/// Once the controller has decided, this member has something else to do.
Awaitable<void> HandingOver::let_it_end(StillWanted still_wanted, Deadline deadline) {
    const auto soon = Deadline::in(longest_lingering);
    while (supervisor_.has_process() && !deadline.passed() && (still_wanted() || !soon.passed())) {
        co_await pause_for(between_looks);
    }
}

/// Until the server is shut down cleanly, is dead, or the deadline has passed.
Awaitable<std::optional<Position>> HandingOver::end_of_log(Deadline deadline) {
    while (supervisor_.has_process() && !deadline.passed()) {
        const auto end = co_await driver_.stopped_at(deadline);
        if (end && *end) {
            co_return *end;
        }
        co_await pause_for(between_looks);
    }
    if (supervisor_.has_process()) {
        co_return std::nullopt;
    }
    co_return co_await read_end();
}

Awaitable<std::optional<Position>> HandingOver::read_end() {
    const auto deadline = Deadline::in(longest_read);
    const auto end = co_await driver_.stopped_at(deadline);
    if (!end) {
        journal_.write("hand_over", Severity::warning, end.error().message);
        co_return std::nullopt;
    }
    co_return *end;
}

void HandingOver::conclude(std::optional<Position> end) {
    auto& run = *state_.hand_over;
    if (end) {
        run.end = std::move(*end);
        enter(HandOverStage::stopped);
        tell_phases();
        return;
    }
    give_up("its server could not be shut down cleanly in time, and was killed");
}

Awaitable<Result<void>> HandingOver::read_stop(Goal goal) {
    const bool same = state_.hand_over && state_.hand_over->revision == goal.revision;
    if (!same) {
        state_.hand_over = LocalState::HandOverRun{};
        state_.hand_over->revision = goal.revision;
    }
    auto end = co_await read_end();
    if (end) {
        conclude(std::move(end));
        co_return Result<void>{};
    }
    died();
    co_return Result<void>{};
}

/// Not stopped for this: a server that died is a failure like any other.
void HandingOver::died() {
    enter(HandOverStage::preparing);
    give_up("its server died before it was shut down");
}

void HandingOver::tell_phases() {
    const auto& at = state_.hand_over->entered;
    const auto from = [&at](HandOverStage stage) { return at[static_cast<std::size_t>(stage)]; };
    const auto span = [&from](HandOverStage begin, HandOverStage end) {
        return std::to_string((from(end) - from(begin)).count()) + " ms";
    };
    using enum HandOverStage;
    if (from(draining).count() == 0) {
        journal_.write("hand_over", Severity::info, "found the server shut down cleanly");
        return;
    }
    journal_.write("hand_over", Severity::info,
                   "stopped cleanly for the switchover: checkpoint " + span(preparing, draining) +
                       ", drain " + span(draining, stopping) + ", stop " + span(stopping, stopped));
}

} // namespace lockstep
