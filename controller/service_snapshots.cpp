#include <algorithm>

#include "controller/reachable.h"
#include "controller/service.h"
#include "core/snapshot_id.h"
#include "platform/clock.h"

/// Snapshots are taken, checked and removed by a pair's archiver, which is asked, and restored as
/// new pairs, which are made.
namespace lockstep {
namespace {

constexpr std::size_t id_bytes = 2;

Event order_event(const SnapshotOrder& order) {
    auto event = make_event("snapshot_asked", Severity::info,
                            order.asked_by + " asked to " + std::string(to_string(order.work)) +
                                " snapshot " + order.id);
    event.pair = order.pair;
    return event;
}

const Snapshot* find(const SnapshotReport& report, const std::string& id) {
    for (const auto& snapshot : report.snapshots) {
        if (snapshot.id == id) {
            return &snapshot;
        }
    }
    return nullptr;
}

} // namespace

/// What a former archiver told is no word on the present one's repository, but what it listed is
/// shown until that one has told: most share one.
PairSnapshots Service::snapshots_of(const PairRecord& record) const {
    PairSnapshots found;
    found.pair = record.pair;
    found.archiver = archiver_of(record);
    found.connected = parts_.hub.is_connected(found.archiver);
    found.orders = parts_.snapshots.orders_of(record.pair);
    for (const auto& failure : parts_.snapshots.failures_of(record.pair)) {
        found.failures.emplace_back(failure.order, failure.trouble);
    }
    const auto* told = parts_.snapshots.told_of(record.pair);
    found.told = told != nullptr && told->member == found.archiver;
    if (found.told || (told != nullptr && !told->report.repository.empty())) {
        found.report = told->report;
        found.restorable = restorable_of(told->report);
    }
    return found;
}

/// Its agents go on as they were told last, and so the archiver tells on, until it is stopped or
/// taken into another pair. After that the store's word stands, which is of the deletion.
PairSnapshots Service::snapshots_of(const DeletedPair& deleted) const {
    PairSnapshots found;
    found.pair = deleted.pair;
    found.deleted_unix_ms = deleted.deleted_unix_ms;
    found.archiver = deleted.archiver;
    found.connected =
        parts_.hub.is_connected(deleted.archiver) && !parts_.pairs.of_member(deleted.archiver);
    found.orders = parts_.snapshots.orders_of(deleted.pair);
    for (const auto& failure : parts_.snapshots.failures_of(deleted.pair)) {
        found.failures.emplace_back(failure.order, failure.trouble);
    }
    const auto* told = parts_.snapshots.told_of(deleted.pair);
    found.told = told != nullptr && told->report.read;
    found.report = found.told ? told->report : deleted.report;
    found.restorable = restorable_of(found.report);
    return found;
}

std::vector<PairSnapshots> Service::all_snapshots() const {
    std::vector<PairSnapshots> found;
    for (const auto& record : parts_.pairs.records()) {
        found.push_back(snapshots_of(record));
    }
    for (const auto& [pair, deleted] : parts_.deletions.all()) {
        if (!parts_.pairs.find(pair)) {
            found.push_back(snapshots_of(deleted));
        }
    }
    return found;
}

Awaitable<Result<std::vector<PairSnapshots>>> Service::snapshots(PairName pair) {
    auto found = all_snapshots();
    std::erase_if(found,
                  [&pair](const PairSnapshots& one) { return !pair.empty() && one.pair != pair; });
    if (!pair.empty() && found.empty()) {
        co_return tl::unexpected(loop_of(pair).error());
    }
    co_return found;
}

/// Whose archiver, or the one before it, has said what there is, and can be asked.
Result<PairSnapshots> Service::usable_snapshots(const PairName& pair) const {
    const auto loop = loop_of(pair);
    if (!loop) {
        return tl::unexpected(loop.error());
    }
    auto found = snapshots_of((*loop)->record());
    if (found.archiver.empty() && phase_of((*loop)->record()) == Phase::forming) {
        return fail(Errc::refused, "pair " + pair + " has never served: there is nothing to copy");
    }
    if (found.archiver.empty()) {
        return fail(Errc::unreachable, "nobody keeps the snapshots of pair " + pair +
                                           " until its new primary, " + (*loop)->record().primary +
                                           ", serves: try again then");
    }
    if (!found.told && found.report.repository.empty()) {
        return fail(Errc::unreachable,
                    "agent " + found.archiver + ", which keeps the snapshots of pair " + pair +
                        ", has told nothing of them yet: is it connected (`lockstep status`)?");
    }
    if (found.report.repository.empty()) {
        return fail(Errc::refused, "agent " + found.archiver +
                                       " has no repository for snapshots: give its file a table "
                                       "[snapshots] with `repository = \"/a/folder\"`, and that of "
                                       "the pair's other members too");
    }
    return found;
}

Awaitable<Result<PairRecord>> Service::set_schedule(PairName name, ScheduleChange wanted,
                                                    Asked asked) {
    const auto found = loop_of(name);
    if (!found) {
        co_return tl::unexpected(found.error());
    }
    const auto loop = *found;
    const auto snapshots = changed(loop->record().policy.snapshots, wanted);
    if (auto sensible = check_schedule(snapshots); !sensible) {
        co_return tl::unexpected(sensible.error());
    }
    PairLoop::Change change = [wanted](const PairRecord& record, const View&) {
        return with_schedule(record, wanted);
    };
    auto event =
        make_event("schedule_set", Severity::info,
                   "automated snapshots: " + in_words(snapshots) + ", as " + asked.who + " asked");
    event.pair = name;
    co_return co_await loop->change(std::move(change), std::move(event), asked.dry_run);
}

Awaitable<Result<SnapshotOrder>> Service::put_order(SnapshotOrder order, Asked asked) {
    order.asked_by = asked.who;
    order.asked_unix_ms = unix_ms();
    if (asked.dry_run) {
        co_return order;
    }
    const auto stored = co_await parts_.snapshots.add(order);
    if (!stored) {
        co_return tl::unexpected(stored.error());
    }
    parts_.events.add(order_event(order));
    if (const auto loop = loop_of(order.pair)) {
        parts_.push(archiver_of((*loop)->record()));
    } else if (const auto* deleted = parts_.deletions.find(order.pair)) {
        parts_.push(deleted->archiver);
    }
    co_return order;
}

/// An order for a manual snapshot, under a new id.
Result<SnapshotOrder> Service::new_snapshot(const PairName& pair) const {
    const auto usable = usable_snapshots(pair);
    if (!usable) {
        return tl::unexpected(usable.error());
    }
    SnapshotOrder order;
    order.work = SnapshotWork::take;
    order.id = snapshot_id(pair, unix_ms(), random_hex(id_bytes));
    order.pair = pair;
    order.kind = SnapshotKind::manual;
    return order;
}

Awaitable<Result<SnapshotOrder>>
Service::take_snapshot(PairName pair, std::map<std::string, std::string> tags, Asked asked) {
    auto order = new_snapshot(pair);
    if (!order) {
        co_return order;
    }
    order->tags = std::move(tags);
    co_return co_await put_order(std::move(*order), std::move(asked));
}

Awaitable<Result<SnapshotOrder>> Service::order_snapshot(SnapshotWork work, std::string id,
                                                         Asked asked) {
    for (const auto& seen : all_snapshots()) {
        if (find(seen.report, id) == nullptr) {
            continue;
        }
        if (seen.deleted_unix_ms != 0 && !(seen.told && seen.connected)) {
            co_return fail(Errc::refused,
                           "snapshot " + id + " is of pair " + seen.pair +
                               ", which was deleted, and agent " + seen.archiver +
                               ", which kept its repository, serves it no longer: it can be "
                               "restored; else it is a folder in " +
                               seen.report.repository);
        }
        SnapshotOrder order;
        order.work = work;
        order.id = id;
        order.pair = seen.pair;
        order.target.consistent = work == SnapshotWork::verify; // Its own state, whatever follows.
        co_return co_await put_order(std::move(order), std::move(asked));
    }
    co_return fail(Errc::unreachable, "no agent told of a snapshot \"" + id +
                                          "\": `lockstep snapshot list` shows "
                                          "those there are");
}

/// A pair that this controller does not know (it was deleted, or was another controller's) may be
/// in the repository all the same: then the restoring agent alone can say what is reachable.
Result<void> Service::check_restore(const Origin& origin) const {
    if (!parts_.pairs.find(origin.pair)) {
        const auto* deleted = parts_.deletions.find(origin.pair);
        const auto seen = deleted == nullptr ? PairSnapshots{} : snapshots_of(*deleted);
        return seen.told ? check_reachable(seen.report, origin) : Result<void>{};
    }
    const auto usable = usable_snapshots(origin.pair);
    return usable ? check_reachable(usable->report, origin) : tl::unexpected(usable.error());
}

Awaitable<Result<PairRecord>> Service::restore(RestoreRequest request, Asked asked) {
    if (auto reachable = check_restore(request.origin); !reachable) {
        co_return tl::unexpected(reachable.error());
    }
    CreatePair create;
    create.pair = request.as;
    create.primary = request.to;
    create.policy = request.policy;
    create.origin = std::move(request.origin);
    if (const auto known = parts_.hub.agents().find(request.to);
        known != parts_.hub.agents().end()) {
        create.engine = known->second.hello.engine; // Else it is refused for being unknown.
    }
    for (const auto& id : {request.to, request.standby}) {
        if (!id.empty()) {
            Member member;
            member.id = id;
            create.members.push_back(std::move(member));
        }
    }
    co_return co_await create_pair(std::move(create), std::move(asked));
}

} // namespace lockstep
