#include "tests/sim/store.h"

#include <utility>

namespace lockstep::sim {

Result<std::vector<PairRecord>> MemoryStore::pairs() {
    std::vector<PairRecord> all;
    for (const auto& [name, record] : disk_.now.pairs) {
        all.push_back(record);
    }
    return all;
}

Result<PairRecord> MemoryStore::pair(const PairName& name) {
    const auto found = disk_.now.pairs.find(name);
    if (found == disk_.now.pairs.end()) {
        return fail(Errc::unreachable, "there is no pair " + name);
    }
    return found->second;
}

PairRecord MemoryStore::keep(PairRecord record) {
    disk_.before = disk_.now;
    record.store_id = store_id();
    record.revision = Revision{++disk_.now.head};
    auto& place = disk_.now.pairs[record.pair];
    const auto before = std::exchange(place, record);
    disk_.swapped(before, place);
    return record;
}

Result<PairRecord> MemoryStore::create(PairRecord record, std::vector<Event>, Protection) {
    if (disk_.now.pairs.contains(record.pair)) {
        return fail(Errc::conflict, "the name is taken");
    }
    return keep(std::move(record));
}

Result<PairRecord> MemoryStore::swap(Revision expected, PairRecord next, std::vector<Event>) {
    const auto found = disk_.now.pairs.find(next.pair);
    if (found == disk_.now.pairs.end() || found->second.revision != expected) {
        return fail(Errc::conflict, "the record changed");
    }
    return keep(std::move(next));
}

Result<void> MemoryStore::remove(const PairName& name, Revision, std::vector<Event>,
                                 std::optional<DeletedPair>) {
    return fail(Errc::unsupported, "pair " + name + " stays: deletion is not simulated");
}

Result<void> MemoryStore::use_token(const MemberId&, const std::string&, std::int64_t) {
    return fail(Errc::unsupported, "joins are not simulated");
}

} // namespace lockstep::sim
