#pragma once

#include <functional>
#include <map>
#include <vector>

#include "controller/state_store.h"

namespace lockstep::sim {

/// What is on the controller's disk. Every change is durable when it returns.
struct StoredState {
    std::uint64_t head = 0;
    std::map<PairName, PairRecord> pairs;
};

struct StoreDisk {
    StoredState now;
    StoredState before; // Without the last change.
    /// Told of every record that is stored; the one before is empty for a new pair.
    std::function<void(const PairRecord& before, const PairRecord& now)> swapped;
};

class MemoryStore : public StateStore {
public:
    explicit MemoryStore(StoreDisk& disk) : disk_(disk) {}

    [[nodiscard]] std::string store_id() const override { return "store"; }
    Result<Revision> head() override { return Revision{disk_.now.head}; }
    Result<std::vector<PairRecord>> pairs() override;
    Result<PairRecord> pair(const PairName& name) override;
    using StateStore::create;
    Result<PairRecord> create(PairRecord record, std::vector<Event> events,
                              Protection protection) override;
    Result<PairRecord> swap(Revision expected, PairRecord next, std::vector<Event> events) override;
    using StateStore::remove;
    Result<void> remove(const PairName& name, Revision expected, std::vector<Event> events,
                        std::optional<DeletedPair> left) override;
    Result<void> protect(const PairName&, Protection, std::vector<Event>) override { return {}; }
    Result<std::vector<PairName>> protected_pairs() override { return std::vector<PairName>{}; }
    Result<std::vector<DeletedPair>> deleted_pairs() override { return std::vector<DeletedPair>{}; }
    Result<void> forget_deleted(const PairName&, std::vector<Event>) override { return {}; }
    Result<void> append(std::vector<Event>) override { return {}; }
    Result<std::vector<Event>> events(EventQuery) override { return std::vector<Event>{}; }
    Result<void> put_token(StoredToken) override { return {}; }
    Result<void> use_token(const MemberId&, const std::string&, std::int64_t) override;
    Result<void> put_order(SnapshotOrder) override { return {}; }
    Result<void> end_order(SnapshotWork, const std::string&) override { return {}; }
    Result<std::vector<SnapshotOrder>> orders() override { return std::vector<SnapshotOrder>{}; }

private:
    [[nodiscard]] PairRecord keep(PairRecord record);

    StoreDisk& disk_;
};

} // namespace lockstep::sim
