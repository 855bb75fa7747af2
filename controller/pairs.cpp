#include "controller/pairs.h"

#include "controller/spawn.h"

namespace lockstep {

Pairs::Pairs(PairLoop::Parts parts) : parts_(std::move(parts)) {
    // Before anybody hears of a change, members are found where the change put them.
    parts_.adopted = [this, tell = parts_.adopted](const PairRecord& before,
                                                   const PairRecord& now) {
        reindex();
        tell(before, now);
    };
    parts_.vanished = [this, tell = parts_.vanished](const PairName& name) {
        drop(name);
        tell(name);
    };
}

void Pairs::add(PairRecord record) {
    const auto name = record.pair;
    auto loop = std::make_shared<PairLoop>(parts_, std::move(record));
    loops_[name] = loop;
    parts_.adopted({}, loop->record());
    spawn(parts_.executor, PairLoop::keep_proving(loop));
    spawn(parts_.executor, PairLoop::run(std::move(loop)));
}

void Pairs::stop() {
    for (const auto& [name, loop] : loops_) {
        loop->stop();
    }
}

void Pairs::drop(const PairName& name) {
    loops_.erase(name);
    reindex();
}

void Pairs::reindex() {
    by_member_.clear();
    for (const auto& [name, loop] : loops_) {
        for (const auto& [id, member] : loop->record().members) {
            by_member_[id] = name;
        }
    }
}

std::shared_ptr<PairLoop> Pairs::find(const PairName& name) const {
    const auto found = loops_.find(name);
    return found == loops_.end() ? nullptr : found->second;
}

std::shared_ptr<PairLoop> Pairs::of_member(const MemberId& member) const {
    const auto found = by_member_.find(member);
    return found == by_member_.end() ? nullptr : find(found->second);
}

std::vector<std::shared_ptr<PairLoop>> Pairs::all() const {
    std::vector<std::shared_ptr<PairLoop>> loops;
    for (const auto& [name, loop] : loops_) {
        loops.push_back(loop);
    }
    return loops;
}

std::vector<PairRecord> Pairs::records() const {
    std::vector<PairRecord> records;
    for (const auto& [name, loop] : loops_) {
        records.push_back(loop->record());
    }
    return records;
}

} // namespace lockstep
