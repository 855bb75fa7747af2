#include "agent/decision/order.h"

namespace lockstep {
namespace {

std::string at(const PairRecord& record) {
    return "pair " + record.pair + " at revision " + std::to_string(number(record.revision));
}

OrderJudgement without_record(const Held& held) {
    if (!held.record) {
        return {Verdict::nothing_held, ""};
    }
    return {Verdict::withdrawn, "the controller knows no pair for " + held.self +
                                    "; what it was told last, " + at(*held.record) +
                                    ", stays in force"};
}

/// A record without this member concerns it only as the news that it left that pair.
bool concerns(const Held& held, const PairRecord& record) {
    return record.members.contains(held.self) || (held.record && held.record->pair == record.pair);
}

OrderJudgement by_revision(const PairRecord& held, const PairRecord& told) {
    if (told.revision > held.revision) {
        return {Verdict::newer, ""};
    }
    if (told.revision < held.revision) {
        return {Verdict::older, "told " + at(told) + ", but this agent already accepted " +
                                    at(held) + ": refused (an old controller, or an old store?)"};
    }
    if (told == held) {
        return {Verdict::same, ""};
    }
    return {Verdict::conflicting, "told " + at(told) +
                                      ", which differs from the record of that revision that this "
                                      "agent accepted: refused. Two stores seem to be in use; stop "
                                      "all controllers but the right one"};
}

} // namespace

OrderJudgement judge_told(const Held& held, const wire::Told& told) {
    const bool other_record = told.record && told.record->store_id != held.store_id;
    if (told.store_id != held.store_id || other_record) {
        return {Verdict::foreign_store,
                "told by a controller whose store is " + told.store_id +
                    ", but this agent joined " + held.store_id +
                    ": refused. If the store was replaced on purpose, join this agent again"};
    }
    if (!told.record) {
        return without_record(held);
    }
    if (!concerns(held, *told.record)) {
        return {Verdict::not_for_me,
                "told " + at(*told.record) + ", of which " + held.self + " is no member: ignored"};
    }
    if (!held.record) {
        return {Verdict::newer, ""};
    }
    return by_revision(*held.record, *told.record);
}

bool is_current(Verdict verdict) {
    return verdict == Verdict::newer || verdict == Verdict::same ||
           verdict == Verdict::nothing_held || verdict == Verdict::withdrawn;
}

bool is_alarm(Verdict verdict) {
    return verdict == Verdict::conflicting || verdict == Verdict::foreign_store ||
           verdict == Verdict::older;
}

} // namespace lockstep
