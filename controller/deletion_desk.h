#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "controller/store_thread.h"
#include "core/event.h"

namespace lockstep {

/// Which pairs must not be deleted, and what stays known of those that were: the store's word, kept
/// at hand.
class DeletionDesk {
public:
    /// What the store held when it was opened.
    struct Start {
        std::vector<PairName> protected_pairs;
        std::vector<DeletedPair> deleted_pairs;
    };
    DeletionDesk(StoreThread& store, Start start);

    [[nodiscard]] bool is_protected(const PairName& pair) const {
        return protected_.contains(pair);
    }
    /// Returns once it is stored.
    [[nodiscard]] Awaitable<Result<void>> protect(PairName pair, Protection protection,
                                                  Event event);
    /// Nothing if no pair of this name was deleted, or nothing is known of its snapshots.
    [[nodiscard]] const DeletedPair* find(const PairName& pair) const;
    [[nodiscard]] const std::map<PairName, DeletedPair>& all() const { return deleted_; }
    [[nodiscard]] Awaitable<Result<void>> forget(PairName pair, Event event);

    /// What the store holds already.
    void set_protection(const PairName& pair, Protection protection);
    void deleted(const PairName& pair, std::optional<DeletedPair> left);

private:
    StoreThread& store_;
    std::set<PairName> protected_;
    std::map<PairName, DeletedPair> deleted_;
};

} // namespace lockstep
