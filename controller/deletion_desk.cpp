#include "controller/deletion_desk.h"

#include <utility>

#include "controller/event_log.h"

namespace lockstep {

DeletionDesk::DeletionDesk(StoreThread& store, Start start) : store_(store) {
    protected_.insert(start.protected_pairs.begin(), start.protected_pairs.end());
    for (auto& left : start.deleted_pairs) {
        deleted_[left.pair] = std::move(left);
    }
}

Awaitable<Result<void>> DeletionDesk::protect(PairName pair, Protection protection, Event event) {
    const std::vector<Event> events{std::move(event)};
    auto put = [pair, protection, events](StateStore& store) {
        return store.protect(pair, protection, events);
    };
    const auto stored = co_await store_.call(std::move(put));
    if (stored) {
        set_protection(pair, protection);
        EventLog::show(events);
    }
    co_return stored;
}

const DeletedPair* DeletionDesk::find(const PairName& pair) const {
    const auto found = deleted_.find(pair);
    return found == deleted_.end() ? nullptr : &found->second;
}

Awaitable<Result<void>> DeletionDesk::forget(PairName pair, Event event) {
    const std::vector<Event> events{std::move(event)};
    auto forget_it = [pair, events](StateStore& store) {
        return store.forget_deleted(pair, events);
    };
    const auto stored = co_await store_.call(std::move(forget_it));
    if (stored) {
        deleted_.erase(pair);
        EventLog::show(events);
    }
    co_return stored;
}

void DeletionDesk::set_protection(const PairName& pair, Protection protection) {
    if (protection == Protection::on) {
        protected_.insert(pair);
    } else {
        protected_.erase(pair);
    }
}

void DeletionDesk::deleted(const PairName& pair, std::optional<DeletedPair> left) {
    protected_.erase(pair);
    if (left) {
        deleted_[pair] = std::move(*left);
    }
}

} // namespace lockstep
