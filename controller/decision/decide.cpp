#include "controller/decision/decide.h"

#include <utility>

namespace lockstep {
namespace {

PairRecord with_primary(const PairRecord& record, const MemberId& primary, Promise promise) {
    PairRecord next_record = record;
    next_record.epoch = next(record.epoch);
    // One that is forced again, because it could not promote itself, has the same former one.
    next_record.former = record.primary == primary ? record.former : record.primary;
    next_record.primary = primary;
    next_record.served = false;
    next_record.grant.reset();
    next_record.intent = {};
    next_record.hold_down = {};
    next_record.away.reset();
    next_record.in_sync.clear();
    next_record.in_sync[primary] = std::move(promise);
    return next_record;
}

PairRecord promoted(const PairRecord& record) {
    const auto standby = *standby_of(record);
    return with_primary(record, standby, record.in_sync.at(standby));
}

PairRecord forced(const PairRecord& record) {
    Promise promise;
    promise.may_lack = true;
    return with_primary(record, record.intent.member, std::move(promise));
}

void serve(PairRecord& record, const View& view) {
    record.served = true;
    record.former.clear();
    record.intent = {};
    record.members.at(record.primary).data_id =
        view.members.at(record.primary).observation->data_id;
}

void count_loss(PairRecord& record, std::int64_t unix_ms) {
    const auto window = timings_of(record.policy.profile).flap_window.count();
    const bool lately = unix_ms - record.hold_down.last_loss_unix_ms <= window;
    record.hold_down.losses = lately ? record.hold_down.losses + 1 : 1;
    record.hold_down.last_loss_unix_ms = unix_ms;
}

void grant(PairRecord& record, const Assessment& seen, const View& view) {
    record.grant = Grant{*seen.candidate, seen.candidate_start, view.unix_ms};
    record.away.reset(); // Whoever is missed then is missed anew.
    record.members.at(*seen.candidate).data_id =
        view.members.at(*seen.candidate).observation->data_id;
}

void widen(PairRecord& record) {
    // The name stays the one made for the grant, whose revision is the record's own.
    record.in_sync[record.grant->member] = Promise{record.revision, record.grant->start, {}};
    record.grant.reset();
}

void renew(PairRecord& record, const Assessment& seen) {
    record.in_sync.at(*standby_of(record)).next_start = seen.renewed_start;
}

/// The name stays the one made for the renewal, as a grant's does.
void confirm(PairRecord& record) {
    const auto entrant = *entrant_of(record);
    record.in_sync[entrant.member] = Promise{record.revision, entrant.start, {}};
}

/// Neither counts on anybody's data: the spare is let in by a grant of its own, and the other one,
/// once it is back, follows as a spare does.
void replace(PairRecord& record, const Assessment& seen) {
    record.members.at(seen.away->member).kind = MemberKind::spare;
    record.members.at(*seen.spare).kind = MemberKind::data;
    record.away.reset();
}

/// A swap that is not about the grant drops it, and one that leaves the standby out is R3.
void leave_standby(PairRecord& record, const Assessment& seen, const View& view) {
    if (!seen.facts.removal_asked) {
        count_loss(record, view.unix_ms);
    }
    record.grant.reset();
    if (record.intent.kind == IntentKind::fail_over ||
        record.intent.kind == IntentKind::switch_over) {
        record.intent = {}; // Nobody is left to promote; later it would come as a surprise.
    }
    const auto own = record.in_sync.at(record.primary);
    record.in_sync = {{record.primary, own}};
}

std::string in_words(const Rule& rule, const Assessment& seen) {
    std::string words(rule.because);
    if (rule.evidence != nullptr && !(seen.*rule.evidence).empty()) {
        words += ": " + seen.*rule.evidence;
    }
    return words;
}

Event event_of(const Rule& rule, const PairRecord& before, const PairRecord& after,
               const std::string& because, std::int64_t unix_ms) {
    Event event;
    event.unix_ms = unix_ms;
    event.pair = before.pair;
    event.member = after.grant ? after.grant->member : after.primary;
    event.revision = before.revision;
    event.kind = to_string(rule.action);
    event.severity = rule.severity;
    event.message = because;
    if (after.epoch != before.epoch) {
        event.message += "; epoch " + std::to_string(number(after.epoch)) + ", " + before.primary +
                         " → " + after.primary;
    }
    if (rule.action == Action::force) {
        event.message += "; asked by " + before.intent.asked_by + ", " + before.primary +
                         " was stopped thus: " + before.intent.fenced_by;
    }
    return event;
}

} // namespace

PairRecord apply(Action action, const PairRecord& record, const Assessment& seen,
                 const View& view) {
    PairRecord after = record;
    switch (action) {
    case Action::stay:
    case Action::wait: break;
    case Action::serve: serve(after, view); break;
    case Action::promote: return promoted(record);
    case Action::force: return forced(record);
    case Action::give_back: return with_primary(record, record.former, {});
    case Action::narrow:
    case Action::withdraw: leave_standby(after, seen, view); break;
    case Action::grant: grant(after, seen, view); break;
    case Action::widen: widen(after); break;
    case Action::renew: renew(after, seen); break;
    case Action::confirm: confirm(after); break;
    case Action::cancel: after.intent = {}; break;
    case Action::note_away: after.away = seen.away; break;
    case Action::replace: replace(after, seen); break;
    case Action::drop:
        after.members.erase(record.intent.member);
        after.intent = {};
        after.grant.reset();
        break;
    }
    return after;
}

Decision decide(const PairRecord& record, const View& view) {
    const auto seen = assess(record, view);
    const auto& rule = choose(rules(), phase_of(record), seen.facts);
    Decision decision;
    decision.phase = rule.to;
    decision.rule = &rule;
    decision.action = rule.action;
    decision.because = in_words(rule, seen);
    decision.alarm = rule.severity == Severity::alarm;
    decision.may_start_primary = rule.action == Action::stay;
    if (rule.action == Action::stay || rule.action == Action::wait) {
        return decision;
    }
    decision.next = apply(rule.action, record, seen, view);
    decision.events.push_back(
        event_of(rule, record, *decision.next, decision.because, view.unix_ms));
    return decision;
}

} // namespace lockstep
