#include "controller/snapshot_desk.h"

#include <algorithm>

#include "controller/spawn.h"
#include "platform/clock.h"

namespace lockstep {
namespace {

constexpr std::size_t most_failures = 100;
constexpr Milliseconds tell_again_after{60000};
constexpr std::int64_t longest_deletion_ms = 24LL * 60 * 60 * 1000;

/// A repository that cannot be read now still holds what was read in it last.
void keep_lists(const SnapshotReport& known, SnapshotReport& report) {
    if (!report.read && !report.repository.empty() && report.repository == known.repository) {
        report.snapshots = known.snapshots;
        report.log = known.log;
        report.forks = known.forks;
    }
}

/// Why that archiver can take no final snapshot; empty: nothing says so.
std::string hindrance(const MemberId& member, const SnapshotReport& report) {
    if (!report.repository.empty()) {
        return {};
    }
    return "agent " + member + ", which would take it now, has no repository" +
           (report.trouble.empty() ? "" : ": " + report.trouble);
}

} // namespace

SnapshotDesk::SnapshotDesk(asio::any_io_executor executor, StoreThread& store, EventLog& events,
                           std::vector<SnapshotOrder> at_start)
    : executor_(std::move(executor)), store_(store), events_(events), tellings_(tell_again_after) {
    for (auto& order : at_start) {
        const Key key{order.work, order.id};
        orders_[key] = std::move(order);
    }
}

Awaitable<Result<void>> SnapshotDesk::add(SnapshotOrder order) {
    auto put = [order](StateStore& store) { return store.put_order(order); };
    auto stored = co_await store_.call(std::move(put));
    if (stored) {
        const Key key{order.work, order.id};
        orders_[key] = std::move(order);
    }
    co_return stored;
}

std::vector<SnapshotOrder> SnapshotDesk::orders_of(const PairName& pair) const {
    std::vector<SnapshotOrder> found;
    for (const auto& [key, order] : orders_) {
        if (order.pair == pair) {
            found.push_back(order);
        }
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
        return left.asked_unix_ms < right.asked_unix_ms;
    });
    return found;
}

const SnapshotDesk::Told* SnapshotDesk::told_of(const PairName& pair) const {
    const auto found = told_.find(pair);
    return found == told_.end() ? nullptr : &found->second;
}

std::vector<SnapshotDesk::Failure> SnapshotDesk::failures_of(const PairName& pair) const {
    std::vector<Failure> found;
    for (const auto& failure : failures_) {
        if (failure.order.pair == pair) {
            found.push_back(failure);
        }
    }
    return found;
}

/// By the repository where it shows there, so that a forgotten job is none that is repeated.
bool SnapshotDesk::is_done(const SnapshotOrder& order, const SnapshotReport& report) {
    const bool there = std::any_of(report.snapshots.begin(), report.snapshots.end(),
                                   [&](const auto& snapshot) { return snapshot.id == order.id; });
    if (order.work == SnapshotWork::take) {
        return report.read && there;
    }
    if (order.work == SnapshotWork::remove) {
        return report.read && !there;
    }
    return std::any_of(report.jobs.begin(), report.jobs.end(), [&](const auto& job) {
        return job.work == order.work && job.id == order.id &&
               job.state == SnapshotJob::State::done && job.begun_unix_ms >= order.asked_unix_ms;
    });
}

const SnapshotJob* SnapshotDesk::failed_job(const SnapshotOrder& order,
                                            const SnapshotReport& report) {
    for (const auto& job : report.jobs) {
        if (job.work == order.work && job.id == order.id &&
            job.state == SnapshotJob::State::failed) {
            return &job;
        }
    }
    return nullptr;
}

std::optional<SnapshotOrder> SnapshotDesk::final_order_of(const PairName& pair) const {
    for (const auto& [key, order] : orders_) {
        if (order.pair == pair && is_final(order)) {
            return order;
        }
    }
    return std::nullopt;
}

std::vector<SnapshotOrder> SnapshotDesk::heard(const MemberId& member, SnapshotReport report) {
    std::vector<SnapshotOrder> finals;
    give_up_overdue(unix_ms());
    const auto why_not = hindrance(member, report);
    for (const auto& order : orders_of(report.pair)) {
        if (ending_.contains(Key{order.work, order.id})) {
            continue;
        }
        const bool done = is_done(order, report);
        if (done && is_final(order)) {
            finals.push_back(order);
        } else if (done) {
            end(order);
        } else if (const auto* job = failed_job(order, report)) {
            give_up(order, job->trouble);
        } else if (is_final(order) && !why_not.empty()) {
            give_up(order, why_not);
        }
    }
    const auto pair = report.pair;
    std::erase_if(told_, [&](const auto& known) { // It works for one pair at a time.
        return known.second.member == member && known.first != pair;
    });
    if (const auto* known = told_of(pair)) {
        keep_lists(known->report, report);
    }
    told_[pair] = Told{member, std::move(report)};
    return finals;
}

void SnapshotDesk::give_up(const SnapshotOrder& order, const std::string& trouble) {
    if (!is_final(order)) {
        note_failure(order, trouble);
        end(order);
    } else if (ending_.insert(Key{order.work, order.id}).second) {
        spawn(executor_, end_deletion(order, trouble));
    }
}

Awaitable<void> SnapshotDesk::end_deletion(SnapshotOrder order, std::string trouble) {
    auto end_it = [work = order.work, id = order.id](StateStore& store) {
        return store.end_order(work, id);
    };
    const auto ended = co_await store_.call(std::move(end_it));
    ending_.erase(Key{order.work, order.id});
    if (ended) {
        stays(order, trouble);
    } else if (tellings_.passes(order.id, boot_time())) {
        auto event =
            make_event("store_failed", Severity::alarm,
                       "the deletion of pair " + order.pair + " after its final snapshot " +
                           order.id + " is to be given up (" + trouble +
                           "), which cannot be stored, and so it stands: " + ended.error().message);
        event.pair = order.pair;
        events_.add(std::move(event));
    }
}

void SnapshotDesk::give_up_overdue(std::int64_t now_unix_ms) {
    std::vector<SnapshotOrder> overdue;
    for (const auto& [key, order] : orders_) {
        if (is_final(order) && now_unix_ms - order.asked_unix_ms > longest_deletion_ms) {
            overdue.push_back(order);
        }
    }
    for (const auto& order : overdue) {
        give_up(order, "the pair could not be deleted within a day");
    }
}

void SnapshotDesk::called_off(const PairName& pair, const std::string& trouble) {
    while (const auto order = final_order_of(pair)) {
        stays(*order, trouble);
    }
}

/// The store has ended it.
void SnapshotDesk::stays(const SnapshotOrder& order, const std::string& trouble) {
    if (orders_.erase(Key{order.work, order.id}) == 0) {
        return; // The pair is gone meanwhile, or this was told.
    }
    note_failure(order, trouble);
    auto event = make_event("pair_not_deleted", Severity::warning,
                            "pair " + order.pair + " is not deleted after its final snapshot " +
                                order.id + ", as " + order.asked_by + " asked: " + trouble);
    event.pair = order.pair;
    events_.add(std::move(event));
}

void SnapshotDesk::end_orders_of(const PairName& pair) {
    for (const auto& order : orders_of(pair)) {
        end(order);
    }
}

void SnapshotDesk::forget_pair(const PairName& pair) {
    end_orders_of(pair);
    told_.erase(pair);
}

void SnapshotDesk::note_failure(const SnapshotOrder& order, const std::string& trouble) {
    if (failures_.size() >= most_failures) {
        failures_.erase(failures_.begin());
    }
    failures_.push_back({order, trouble});
}

void SnapshotDesk::end(const SnapshotOrder& order) {
    orders_.erase(Key{order.work, order.id});
    spawn(executor_, forget(order.work, order.id));
}

/// One that stays in the store is told once more by the next controller, and ended again.
Awaitable<void> SnapshotDesk::forget(SnapshotWork work, std::string id) {
    auto end_it = [work, id](StateStore& store) { return store.end_order(work, id); };
    if (const auto ended = co_await store_.call(std::move(end_it)); !ended) {
        events_.add(make_event("store_failed", Severity::warning,
                               "the end of the order to " + std::string(to_string(work)) +
                                   " snapshot " + id +
                                   " was not stored: " + ended.error().message));
    }
}

} // namespace lockstep
