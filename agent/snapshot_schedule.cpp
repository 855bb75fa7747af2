#include "agent/snapshot_schedule.h"

#include <algorithm>

#include "core/snapshot_id.h"
#include "platform/clock.h"
#include "platform/time_zone.h"
#include "snapshots/decision/activity.h"
#include "snapshots/decision/verification.h"

namespace lockstep {
namespace {

constexpr Milliseconds between_looks{60000};
constexpr Milliseconds after_a_failed_proof{24 * 3'600'000};
constexpr std::size_t most_attempts = 100;
constexpr std::size_t draw_bytes = 7;
constexpr std::size_t random_bytes = 2;
constexpr const char* alarm = "snapshot schedule";

std::string reasons_of(const std::vector<snapshots::Verdict>& verdicts) {
    std::string text;
    for (const auto& verdict : verdicts) {
        text += (text.empty() ? "" : "; ") + verdict.name + ": " + verdict.why;
    }
    return text;
}

SnapshotPlan in_short(const snapshots::RunPlan& plan, std::int64_t unix_ms) {
    SnapshotPlan shown;
    shown.takes = plan.take.take;
    shown.unix_ms = plan.take.take ? unix_ms : 0;
    shown.takes_bytes = plan.take.bytes;
    shown.why = plan.take.why;
    for (const auto& verdict : plan.retention.snapshots) {
        if (verdict.goes) {
            shown.removals.push_back({verdict.name, verdict.bytes, verdict.why});
        }
    }
    for (const auto& verdict : plan.retention.log) {
        if (verdict.goes) {
            ++shown.log_pieces;
            shown.log_bytes += verdict.bytes;
        }
    }
    shown.kept_bytes = plan.retention.kept_bytes;
    return shown;
}

/// What is due now, or else in the next window.
SnapshotPlan next_run(snapshots::RunInput input, const snapshots::RunPlan& now) {
    auto& at = input.retention.now_unix_ms;
    if (now.take.take || now.take.next_unix_ms <= at) {
        return in_short(now, at);
    }
    at = now.take.next_unix_ms;
    return in_short(snapshots::plan_run(input), at);
}

} // namespace

Result<snapshots::RunInput> SnapshotSchedule::input_of(const SnapshotPolicy& policy,
                                                       const Seen& seen) const {
    snapshots::RunInput input;
    input.retention.catalogue = seen.catalogue;
    input.retention.retention = {static_cast<int>(policy.retention_days),
                                 static_cast<int>(policy.minimum)};
    input.retention.now_unix_ms = unix_ms();
    input.retention.taking = seen.taking;
    input.retention.incomplete = seen.incomplete;
    const auto window = snapshots::parse_window(policy.window);
    if (!window) {
        return tl::unexpected(window.error());
    }
    auto zone = load_time_zone(policy.time_zone);
    if (!zone) {
        return tl::unexpected(zone.error());
    }
    input.window = *window;
    input.zone = std::move(*zone);
    input.attempts = attempts_;
    return input;
}

void SnapshotSchedule::look(const PairName& pair, const SnapshotPolicy& policy, const Seen& seen) {
    const auto now = boot_time();
    if (now < look_again_at_ && policy == policy_) {
        return;
    }
    policy_ = policy;
    look_again_at_ = now + between_looks;
    auto input = input_of(policy, seen);
    if (!input) {
        journal_.raise(alarm, "automated snapshots: " + input.error().message);
        return;
    }
    const auto plan = snapshots::plan_run(*input);
    if (plan.take.alarm.empty()) {
        journal_.clear(alarm);
    } else {
        journal_.raise(alarm, "automated snapshots: " + plan.take.alarm);
    }
    plan_ = next_run(*input, plan);
    plan_.window = snapshots::advise_window(seen.catalogue.log, input->zone, input->window);
    if (!seen.taking && !wanted_) {
        if (plan.take.take) {
            want_snapshot(pair, plan.take.why);
        } else if (policy.verify && now >= next_proof_at_) {
            want_proof(pair, plan, seen);
        }
    }
    due_ = plan.retention;
    looked_at_ = std::move(*input);
}

void SnapshotSchedule::want(SnapshotOrder order, const std::string& why) {
    order.kind = SnapshotKind::automated;
    order.asked_by = "schedule";
    order.asked_unix_ms = unix_ms();
    journal_.write("snapshot due", Severity::info,
                   "is to " + std::string(to_string(order.work)) + " snapshot " + order.id + ": " +
                       why);
    wanted_ = std::move(order);
}

void SnapshotSchedule::want_snapshot(const PairName& pair, const std::string& why) {
    SnapshotOrder order;
    order.work = SnapshotWork::take;
    const auto now = unix_ms();
    order.id = snapshot_id(pair, now, random_hex(random_bytes));
    order.pair = pair;
    snapshots::Attempt attempt;
    attempt.begun_unix_ms = now;
    if (attempts_.size() >= most_attempts) {
        attempts_.erase(attempts_.begin());
    }
    attempts_.push_back(attempt);
    want(std::move(order), why);
}

void SnapshotSchedule::want_proof(const PairName& pair, const snapshots::RunPlan& plan,
                                  const Seen& seen) {
    const auto draw = std::stoull(random_hex(draw_bytes), nullptr, 16);
    auto due = snapshots::verification_due(seen.catalogue, plan.times.latest_unix_ms, draw);
    if (!due) {
        return;
    }
    SnapshotOrder order;
    order.work = SnapshotWork::verify;
    order.id = std::move(due->snapshot);
    order.pair = pair;
    order.target = std::move(due->target);
    const auto to = order.target.unix_ms ? "the time " + format_time(*order.target.unix_ms)
                                         : std::string("the end of the log");
    want(std::move(order), "nobody has proven yet that it can be restored; to " + to);
}

void SnapshotSchedule::ended(const SnapshotJob& job) {
    if (!wanted_ || job.id != wanted_->id || job.work != wanted_->work) {
        return;
    }
    if (job.work == SnapshotWork::take) {
        taken(job);
    } else if (job.state != SnapshotJob::State::done) {
        next_proof_at_ = boot_time() + after_a_failed_proof;
    }
    wanted_.reset();
    look_again_at_ = Milliseconds{0};
}

void SnapshotSchedule::taken(const SnapshotJob& job) {
    using enum snapshots::Attempt::End;
    auto& attempt = attempts_.back();
    attempt.ended_unix_ms = unix_ms();
    attempt.end = job.state == SnapshotJob::State::done ? success : failure;
    attempt.trouble = job.trouble;
}

/// A plan is as old as the look; what changed since is looked at again right before.
Awaitable<Result<void>> SnapshotSchedule::expire(PairRepository& repository,
                                                 snapshots::Catalogue& catalogue) {
    if (!looked_at_) {
        co_return Result<void>{};
    }
    auto now = std::move(looked_at_->retention);
    looked_at_.reset();
    now.catalogue = catalogue;
    now.taking = now.taking || wanted_.has_value();
    const auto confirmed = snapshots::confirm(due_, now);
    for (const auto& verdict : confirmed.snapshots) {
        auto id = verdict.name;
        auto removed = co_await repository.remove_snapshot(std::move(id));
        if (!removed) {
            co_return removed;
        }
        std::erase_if(catalogue.snapshots,
                      [&](const Snapshot& one) { return one.id == verdict.name; });
    }
    if (!confirmed.snapshots.empty()) {
        journal_.write("snapshots expired", Severity::info,
                       "deleted what the retention lets go: " + reasons_of(confirmed.snapshots));
    }
    std::vector<LogSegment> log;
    for (const auto& segment : catalogue.log) {
        if (std::any_of(confirmed.log.begin(), confirmed.log.end(), [&](const auto& verdict) {
                return verdict.name == segment.name && verdict.system_id == segment.system_id;
            })) {
            log.push_back(segment);
        }
    }
    if (log.empty()) {
        co_return Result<void>{};
    }
    auto removed = co_await repository.remove_log(log);
    if (removed) {
        std::erase_if(catalogue.log, [&](const LogSegment& one) {
            return std::find(log.begin(), log.end(), one) != log.end();
        });
    }
    co_return removed;
}

} // namespace lockstep
