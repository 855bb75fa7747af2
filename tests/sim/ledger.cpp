#include "tests/sim/ledger.h"

#include <algorithm>
#include <utility>

namespace lockstep::sim {

void Ledger::violate(std::string invariant, std::string what) {
    auto& machine = Machine::current();
    machine.tell("VIOLATION", invariant + ": " + what);
    if (!violation_) {
        violation_ = Violation{std::move(invariant), std::move(what), machine.now()};
    }
}

/// Whether it is promised to hold every acknowledged commit, and the promise is in force.
bool Ledger::counts(const EngineModel& database) const {
    const auto promise = record_.in_sync.find(database.name());
    return promise != record_.in_sync.end() && database.is_bound_by(promise->second);
}

/// I1: each member of the in-sync set holds every acknowledged commit, where a power cut leaves it.
void Ledger::check_member(const MemberId& member) {
    const auto* database = Databases::current().at(member);
    if (database == nullptr || !counts(*database)) {
        return;
    }
    for (const auto write : acknowledged_) {
        if (!database->holds(write)) {
            violate("lost", "write " + std::to_string(write) + " was acknowledged, " + member +
                                " counts as holding every such write, and does not have it");
            return;
        }
    }
    for (std::uint32_t write = 0; write < seen_.size(); ++write) {
        if (seen_[write] && !database->holds(write)) {
            violate("read", "write " + std::to_string(write) + " was read by a client, " + member +
                                " counts as holding everything, and does not have it");
            return;
        }
    }
}

/// I3: what a client has read must not be lost either, though nobody acknowledged it (R9).
void Ledger::seen(const EngineModel& on, std::uint32_t write) {
    if (write >= seen_.size()) {
        seen_.resize(write + 256);
    }
    if (seen_[write]) {
        return;
    }
    seen_[write] = true;
    for (const auto& [member, promise] : record_.in_sync) {
        const auto* database = Databases::current().at(member);
        if (counts(*database) && !database->holds(write)) {
            violate("read", "a client of " + on.name() + " read write " + std::to_string(write) +
                                ", and " + member +
                                ", which counts as holding everything, does not have it");
            return;
        }
    }
}

void Ledger::swapped(const PairRecord& before, const PairRecord& now) {
    const auto at = Machine::current().now();
    record_ = now;
    std::string in_sync;
    for (const auto& [member, promise] : now.in_sync) {
        in_sync += (in_sync.empty() ? "" : ",") + member;
    }
    Machine::current().tell("store",
                            "revision " + std::to_string(number(now.revision)) + ": " +
                                std::string(to_string(phase_of(now))) + ", epoch " +
                                std::to_string(number(now.epoch)) + ", primary " + now.primary +
                                ", in sync {" + in_sync + "}" +
                                (now.grant ? ", grant to " + now.grant->member : std::string()));
    if (!before.pair.empty() && now.epoch < before.epoch) {
        violate("epoch", "the epoch fell");
    }
    if (!before.pair.empty() && now.primary != before.primary && now.epoch == before.epoch) {
        violate("epoch", "another primary in the same epoch");
    }
    if (!before.pair.empty()) {
        named_until_[before.primary] = at;
    }
    named_in_[now.primary] = now.epoch;
    for (const auto& [member, promise] : now.in_sync) {
        check_member(member);
    }
}

/// Nobody acknowledges what was begun after a later epoch's primary came up, and no two members
/// acknowledge in one epoch.
void Ledger::check_split(const EngineModel& by, Micros begun_at) {
    const auto epoch = serves_in_[by.name()];
    const auto [who, fresh] = who_acknowledged_.try_emplace(epoch, by.name());
    if (!fresh && who->second != by.name()) {
        violate("split", by.name() + " and " + who->second + " both acknowledged in epoch " +
                             std::to_string(number(epoch)));
    }
    for (const auto& [later, since] : writable_since_) {
        if (later > epoch && begun_at > since) {
            violate("split", by.name() + " acknowledged in epoch " + std::to_string(number(epoch)) +
                                 " what was begun after the primary of epoch " +
                                 std::to_string(number(later)) + " came up");
            return;
        }
    }
}

void Ledger::acknowledged(const EngineModel& by, std::uint32_t write, Micros begun_at) {
    last_at_ = Machine::current().now();
    acknowledged_.push_back(write);
    check_split(by, begun_at);
    for (const auto& [member, promise] : record_.in_sync) {
        const auto* database = Databases::current().at(member);
        if (counts(*database) && !database->holds(write)) {
            violate("lost", by.name() + " acknowledged write " + std::to_string(write) + ", and " +
                                member +
                                ", which counts as holding every such write, does not have it");
            return;
        }
    }
}

/// R5: the record must have named it when it went down, or later, unless its standby vouched.
void Ledger::came_up_writable(const EngineModel& which, LetIn how) {
    const auto& name = which.name();
    const auto now = Machine::current().now();
    const bool named = record_.primary == name;
    const bool was_named = named_until_.contains(name) && down_since_.contains(name) &&
                           named_until_.at(name) >= down_since_.at(name);
    if (how == LetIn::at_once && !named && !was_named) {
        violate("boot", name + " came up writable, and the record has not named it since it went "
                               "down");
    }
    for (const auto write : acknowledged_) {
        if (named && !which.holds(write)) { // Promises or not.
            violate("lost", name + " serves without write " + std::to_string(write) +
                                ", which was acknowledged");
            break;
        }
    }
    serves_in_[name] = named_in_[name];
    writable_since_.try_emplace(serves_in_[name], now);
}

void Ledger::went_down(const EngineModel& which) {
    down_since_[which.name()] = Machine::current().now();
}

void Ledger::log_replaced(const EngineModel& which) {
    check_member(which.name());
}

std::uint64_t Ledger::lost_count() const {
    const auto* primary = Databases::current().at(record_.primary);
    return static_cast<std::uint64_t>(std::ranges::count_if(
        acknowledged_, [&](std::uint32_t write) { return !primary->holds(write); }));
}

} // namespace lockstep::sim
