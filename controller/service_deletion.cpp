#include "controller/service.h"
#include "core/snapshot_id.h"
#include "platform/clock.h"
#include "platform/deadline.h"
#include "snapshots/decision/pair_deletion.h"

/// How a pair is deleted, what forbids it, and what stays known of it (docs/decisions/0024).
namespace lockstep {
namespace {

constexpr int most_attempts = 60;
constexpr Milliseconds between_attempts{1000};

Event pair_event(std::string kind, Severity severity, const PairName& pair, std::string message) {
    auto event = make_event(std::move(kind), severity, std::move(message));
    event.pair = pair;
    return event;
}

} // namespace

/// While a pair is promoting nobody is its archiver, but what the last one told of its repository
/// is still there: it is no pair without one.
snapshots::PairDeletion::Repository Service::repository_of(const PairRecord& record) const {
    using Repository = snapshots::PairDeletion::Repository;
    const auto* told = parts_.snapshots.told_of(record.pair);
    const auto archiver = archiver_of(record);
    if (!archiver.empty()) {
        if (told == nullptr || told->member != archiver) {
            return Repository::unknown;
        }
        return told->report.repository.empty() ? Repository::none : Repository::there;
    }
    if (told != nullptr && !told->report.repository.empty()) {
        return Repository::there;
    }
    const bool never_served = phase_of(record) == Phase::forming;
    return told == nullptr && never_served ? Repository::none : Repository::unknown;
}

Result<void> Service::check_deletion(const PairRecord& record, const DeletePair& request) const {
    snapshots::PairDeletion deletion;
    deletion.pair = record.pair;
    deletion.protected_from_deletion = parts_.deletions.is_protected(record.pair);
    deletion.final_snapshot = request.final_snapshot;
    deletion.skip_final = request.skip_final_snapshot;
    deletion.repository = repository_of(record);
    if (auto allowed = snapshots::may_delete_pair(deletion); !allowed) {
        return allowed;
    }
    const auto pending = parts_.snapshots.final_order_of(record.pair);
    if (pending && !request.final_snapshot.empty()) {
        return fail(Errc::conflict, "pair " + record.pair +
                                        " is to be deleted already, once its "
                                        "final snapshot " +
                                        pending->id + " is taken");
    }
    return {};
}

Awaitable<Result<std::optional<SnapshotOrder>>>
Service::delete_pair(PairName name, DeletePair request, Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    if (const auto allowed = check_deletion((*found)->record(), request); !allowed) {
        co_return tl::unexpected(allowed.error());
    }
    if (!request.final_snapshot.empty()) {
        auto order = new_snapshot(name);
        if (!order) {
            co_return tl::unexpected(order.error());
        }
        order->kind = SnapshotKind::final;
        order->tags["name"] = request.final_snapshot;
        const auto put = co_await put_order(std::move(*order), std::move(asked));
        co_return put.map([](const SnapshotOrder& taken) { return std::optional(taken); });
    }
    if (!asked.dry_run) {
        auto why = " by " + asked.who;
        const auto removed = co_await remove_pair(std::move(name), std::move(why));
        if (!removed) {
            co_return tl::unexpected(removed.error());
        }
    }
    co_return std::optional<SnapshotOrder>{};
}

/// Nothing where nothing is known of its snapshots: what a former archiver told counts only while
/// there is no other.
std::optional<DeletedPair> Service::left_of(const PairRecord& record) const {
    const auto* told = parts_.snapshots.told_of(record.pair);
    const auto archiver = archiver_of(record);
    if (told == nullptr || told->report.repository.empty() ||
        (!archiver.empty() && told->member != archiver)) {
        return std::nullopt;
    }
    DeletedPair left{record.pair, unix_ms(), told->member, told->report};
    left.report.jobs.clear();
    left.report.plan = {};
    return left;
}

Awaitable<Result<void>> Service::remove_pair(PairName name, std::string why) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    auto left = left_of(loop->record());
    auto event = pair_event("pair_deleted", Severity::info, name,
                            "pair " + name + " deleted" + why +
                                ": its databases and their data are left as they are, and so are "
                                "its snapshots and its log; its names are answered no longer");
    auto kept = left;
    const auto removed = co_await loop->remove(std::move(event), std::move(left));
    if (removed) {
        parts_.snapshots.end_orders_of(name);
        parts_.deletions.deleted(name, std::move(kept));
    }
    co_return removed;
}

/// Ends at once if the deletion is refused by now, or the pair gone; a store that fails, or a
/// record that changes meanwhile, is tried again.
Awaitable<void> Service::finish_deletion(SnapshotOrder order) {
    if (!being_deleted_.insert(order.pair).second) {
        co_return;
    }
    const auto stands = [this, &order] {
        const auto pending = parts_.snapshots.final_order_of(order.pair);
        return pending && pending->id == order.id;
    };
    Result<void> removed;
    for (int attempt = 1; attempt <= most_attempts && stands(); ++attempt) {
        auto why = ", as " + order.asked_by + " asked, after its final snapshot " + order.id;
        auto name = order.pair;
        removed = co_await remove_pair(std::move(name), std::move(why));
        const bool gone = !parts_.pairs.find(order.pair);
        if (removed || gone || removed.error().code == Errc::refused) {
            break;
        }
        co_await pause_for(between_attempts);
    }
    being_deleted_.erase(order.pair);
    if (!stands()) {
        co_return;
    }
    if (!parts_.pairs.find(order.pair)) {
        parts_.snapshots.end(order); // By this deletion, or by another one.
    } else if (!removed) {
        parts_.snapshots.give_up(order, "the snapshot is taken and stays, but the pair is not "
                                        "deleted: " +
                                            removed.error().message);
    }
}

Awaitable<Result<void>> Service::protect(PairName name, Protection protection, Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const bool on = protection == Protection::on;
    if (asked.dry_run || parts_.deletions.is_protected(name) == on) {
        co_return Result<void>{};
    }
    auto event = pair_event(on ? "protected" : "unprotected", Severity::info, name,
                            "pair " + name +
                                (on ? " is protected from deletion, as "
                                    : " is protected from deletion no longer, as ") +
                                asked.who + " asked");
    auto guarded = name;
    const auto stored =
        co_await parts_.deletions.protect(std::move(guarded), protection, std::move(event));
    if (stored && on) {
        parts_.snapshots.called_off(name, asked.who + " protected the pair meanwhile");
    }
    co_return stored;
}

Awaitable<Result<void>> Service::forget_deleted(PairName pair, Asked asked) {
    if (parts_.deletions.find(pair) == nullptr) {
        co_return fail(Errc::unreachable, "there is no deleted pair \"" + pair +
                                              "\": `lockstep snapshot list` shows them");
    }
    if (asked.dry_run) {
        co_return Result<void>{};
    }
    auto event = pair_event("deleted_pair_forgotten", Severity::info, pair,
                            "the snapshots of the deleted pair " + pair +
                                " are listed no longer, as " + asked.who + " asked");
    auto name = pair;
    const auto forgotten = co_await parts_.deletions.forget(std::move(name), std::move(event));
    if (forgotten && !parts_.pairs.find(pair)) {
        parts_.snapshots.forget_pair(pair);
    }
    co_return forgotten;
}

} // namespace lockstep
