#include "controller/decision/evidence.h"
#include "controller/decision/facts.h"

/// When a spare takes the place of a member that stays away. Patience only: what makes it safe is
/// that a spare is let in by a grant as any standby is, and that the other one is no candidate.
namespace lockstep {
namespace {

bool may_protect(const PairRecord& record, const Member& member) {
    return member.kind == MemberKind::spare && member.id != record.primary &&
           protection(record, member) == full_protection;
}

bool has_spare(const PairRecord& record) {
    for (const auto& [id, member] : record.members) {
        if (may_protect(record, member)) {
            return true;
        }
    }
    return false;
}

/// Why a member counts as away; empty: it does not. Its agent is silent for long, or says that its
/// database does not run or its disk is no good. One that is being made anew is on its way back,
/// unless it was away before that: making it may fail, again and again.
std::string absence(const PairRecord& record, const View& view, const Member& member) {
    const auto* told = heard(record, view, member.id);
    if (told == nullptr) {
        return long_silent(record, view, member.id) ? member.id + "'s agent is not heard" : "";
    }
    const bool known_away = record.away && record.away->member == member.id;
    if (told->job && !known_away) {
        return "";
    }
    const auto timings = timings_for(record);
    if (view.members.at(member.id).database_down_for >= 2 * timings.dead_after) {
        return member.id + "'s database does not run (" + std::string(to_string(told->server)) +
               ")";
    }
    const auto trouble = own_trouble(timings, *told);
    return trouble.empty() ? "" : member.id + " is of no use (" + trouble + ")";
}

/// A member that an operator takes out is nobody to wait for.
bool is_away(const PairRecord& record, const View& view, const Member& member) {
    const bool leaves =
        record.intent.kind == IntentKind::remove && record.intent.member == member.id;
    return member.kind == MemberKind::data && member.id != record.primary && !leaves &&
           !absence(record, view, member).empty();
}

std::optional<Away> who_is_away(const PairRecord& record, const View& view) {
    if (record.away) {
        const auto known = record.members.find(record.away->member);
        if (known != record.members.end() && is_away(record, view, known->second)) {
            return record.away;
        }
    }
    for (const auto& [id, member] : record.members) {
        if (is_away(record, view, member)) {
            return Away{id, view.unix_ms};
        }
    }
    return std::nullopt;
}

/// The first spare that could be let in at once; else why each cannot.
void choose_spare(const PairRecord& record, const View& view, Assessment& seen) {
    std::string reasons;
    for (const auto& [id, member] : record.members) {
        if (!may_protect(record, member)) {
            continue;
        }
        const auto hindrance = hindrance_of_grant(record, view, member);
        if (hindrance.empty()) {
            seen.spare = id;
            return;
        }
        reasons += (reasons.empty() ? "" : "; ") + id + ": " + hindrance;
    }
    seen.spare_evidence += ", and no spare is ready (" + reasons + ")";
}

std::string patience_of(const PairRecord& record) {
    return std::to_string(record.policy.replace_after_seconds) + " s (replace_after)";
}

} // namespace

void assess_spares(const PairRecord& record, const View& view, Assessment& seen) {
    seen.away = record.away;
    const auto* primary = heard(record, view, record.primary);
    const bool serves_alone = phase_of(record) == Phase::solo && primary != nullptr &&
                              primary->server == ServerState::primary;
    if (!serves_alone || record.policy.replace_after_seconds == 0) {
        return;
    }
    seen.away = has_spare(record) ? who_is_away(record, view) : std::nullopt;
    seen.facts.away_changed = seen.away != record.away;
    if (!seen.away) {
        seen.spare_evidence =
            record.away ? record.away->member + " is back, or no longer missed" : "";
        return;
    }
    const auto away_for = view.unix_ms - seen.away->since_unix_ms;
    const bool long_enough = away_for >= std::int64_t{record.policy.replace_after_seconds} * 1000;
    const auto why = absence(record, view, record.members.at(seen.away->member));
    seen.spare_evidence = why + " since " + seconds(Milliseconds{away_for}) +
                          "; a spare takes its place after " + patience_of(record);
    choose_spare(record, view, seen);
    if (record.paused) {
        seen.spare_evidence += "; paused by an operator";
    }
    seen.facts.spare_due = long_enough && seen.spare && !record.paused && !seen.facts.away_changed;
    if (seen.facts.spare_due) {
        seen.spare_evidence = *seen.spare + " takes the place of " + seen.away->member + ": " +
                              why + " since " + seconds(Milliseconds{away_for}) + ", longer than " +
                              patience_of(record) + "; " + seen.away->member +
                              " is a spare from now on: commits do not wait for it when it is back";
    }
}

} // namespace lockstep
