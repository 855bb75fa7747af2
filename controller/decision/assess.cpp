#include <algorithm>

#include "controller/decision/evidence.h"
#include "controller/decision/facts.h"
#include "controller/decision/switchover.h"

namespace lockstep {
namespace {

/// How far behind a standby may be to be let in: commits wait while it catches up. One that
/// acknowledges transactions flushes each of their events, so that fewer are caught up with in
/// time.
constexpr std::uint64_t largest_lag(Unit unit) {
    constexpr std::uint64_t transactions = 500;
    return unit == Unit::transactions ? transactions : largest_backlog(unit);
}

/// One that acknowledges transactions may have to replay what it has before it can, and commits
/// wait meanwhile. One that replays more slowly than its primary writes is let in all the same,
/// once it streams for so long: acknowledged commits are better on two disks late than never.
constexpr std::uint64_t few_to_replay = 50;
constexpr Milliseconds replays_within{10000};

/// Words what a grant, or a renewal, still waits for; empty: nothing, the standby is past the
/// barrier (R4).
std::string missing_for_barrier(const PairRecord& record, const View& view,
                                const Entrant& entrant) {
    const auto primary = heard(record, view, record.primary);
    const auto standby = heard(record, view, entrant.member);
    const auto name = sync_name_of(record);
    if (!primary || primary->accepted != record.revision) {
        return "the primary has not accepted the grant yet";
    }
    if (!standby || standby->accepted != record.revision) {
        return "the standby has not accepted the grant yet";
    }
    if (!primary->barrier || primary->barrier->revision != record.revision ||
        primary->barrier->name != name) {
        return "the primary was not yet seen to hold a commit for " + name;
    }
    if (!same_data(record, *primary) || !same_data(record, *standby) ||
        standby->start != entrant.start) {
        return "a member is no longer the one that the grant was made for";
    }
    if (standby->server != ServerState::standby) {
        return "the standby's database does not run";
    }
    if (!standby->unfit.empty()) {
        return standby->unfit;
    }
    if (!standby->stream.connected || standby->stream.name != name) {
        return "the standby does not stream under " + name + " yet";
    }
    if (!reached(standby->position, primary->barrier->position)) {
        return "the standby has not flushed past the barrier yet";
    }
    return {};
}

void assess_halt(const PairRecord& record, const View& view, Assessment& seen) {
    for (const auto& [id, member] : view.members) {
        if (!member.observation || member.observation->store_id.empty()) {
            continue;
        }
        const auto& told = *member.observation;
        if (told.store_id != record.store_id) {
            seen.halt_evidence = id + " obeys another store (" + told.store_id +
                                 "): an operator must say which one is right";
        } else if (told.accepted > record.revision) {
            seen.halt_evidence =
                id + " has accepted revision " + std::to_string(number(told.accepted)) +
                ", and this store has only " + std::to_string(number(record.revision)) +
                ": the store lost writes or is an old copy";
        } else {
            continue;
        }
        seen.facts.halted = true;
        return;
    }
}

void note_doubt(const Failure& failure, Assessment& seen) {
    if (failure.doubt && !seen.facts.in_doubt) {
        seen.facts.in_doubt = true;
        seen.doubt_evidence = failure.words;
    }
}

void assess_primary(const PairRecord& record, const View& view, Assessment& seen) {
    const auto failure = primary_failure(record, view);
    seen.facts.primary_failed = failure.certain;
    seen.primary_evidence = failure.words;
    note_doubt(failure, seen);
    const auto primary = heard(record, view, record.primary);
    seen.facts.primary_serves = primary && primary->accepted == record.revision &&
                                primary->serving == record.epoch &&
                                primary->server == ServerState::primary &&
                                !primary->data_id.empty() && same_data(record, *primary);
}

void assess_standby(const PairRecord& record, const View& view, Assessment& seen) {
    const auto standby = record.grant ? record.grant->member : standby_of(record).value_or("");
    if (standby.empty()) {
        return;
    }
    const auto failure = standby_failure(record, view, standby);
    const auto hindrance = promotion_hindrance(record, view, standby);
    seen.facts.standby_failed = failure.certain;
    note_doubt(failure, seen);
    seen.facts.standby_unheard =
        !heard(record, view, standby) && !long_silent(record, view, standby);
    seen.facts.standby_promotable = hindrance.empty() && record.in_sync.contains(standby);
    seen.standby_evidence = failure.words.empty() ? hindrance : failure.words;
    seen.hindrance_evidence = seen.primary_evidence + "; " + hindrance;
    seen.lowered_evidence = lowering(record, view, standby);
    seen.facts.lowered = !seen.lowered_evidence.empty();
}

void assess_switchover(const PairRecord& record, const View& view, Assessment& seen) {
    const auto switchover = switchover_of(record, view, seen);
    seen.facts.switchover = switchover.state;
    seen.switchover_evidence = switchover.words;
}

void assess_barrier(const PairRecord& record, const View& view, Assessment& seen) {
    const auto entrant = entrant_of(record);
    if (!entrant) {
        return;
    }
    seen.barrier_evidence = missing_for_barrier(record, view, *entrant);
    seen.facts.past_barrier = seen.barrier_evidence.empty();
    const auto patience = timings_of(record.policy.profile).grant_overdue_after;
    seen.facts.grant_overdue =
        record.grant && view.unix_ms - record.grant->granted_unix_ms >= patience.count();
    if (seen.facts.past_barrier) {
        const auto& barrier = heard(record, view, record.primary)->barrier->position;
        const auto& position = heard(record, view, entrant->member)->position;
        seen.barrier_evidence = entrant->member + " flushed up to " +
                                std::to_string(position.offset_bytes) + ", the barrier was at " +
                                std::to_string(barrier.offset_bytes);
    }
}

/// Commits that wait for a standby by policy wait for one that was restarted, too, whose promise
/// ended with its start: it is let in anew, and nobody stops waiting for it meanwhile (0021).
void assess_renewal(const PairRecord& record, const View& view, Assessment& seen) {
    const auto standby = standby_of(record);
    const auto* told = standby ? heard(record, view, *standby) : nullptr;
    if (told == nullptr || !promise_ended(record, *told)) {
        return;
    }
    const auto hindrance = hindrance_of_grant(record, view, record.members.at(*standby));
    const bool under_way = record.in_sync.at(*standby).next_start == told->start;
    seen.facts.renewal_due = hindrance.empty() && !under_way;
    seen.renewed_start = told->start;
    const auto waits_for = hindrance.empty() && under_way ? seen.barrier_evidence : hindrance;
    if (!waits_for.empty()) {
        seen.standby_evidence += "; not let in again yet: " + waits_for;
    }
}

void assess_candidates(const PairRecord& record, const View& view, Assessment& seen) {
    const Member* best = nullptr;
    std::string reasons;
    for (const auto& [id, member] : record.members) {
        const bool leaves = record.intent.kind == IntentKind::remove && record.intent.member == id;
        if (id == record.primary || leaves || member.kind == MemberKind::spare) {
            continue;
        }
        const auto hindrance = hindrance_of_grant(record, view, member);
        if (!hindrance.empty()) {
            reasons += (reasons.empty() ? "" : "; ") + id + ": " + hindrance;
        } else if (best == nullptr || protection(record, member) > protection(record, *best)) {
            best = &member;
        }
    }
    if (best == nullptr) {
        seen.candidate_evidence = reasons.empty() ? "no other member" : reasons;
        return;
    }
    seen.facts.candidate_ready = true;
    seen.candidate = best->id;
    seen.candidate_start = heard(record, view, best->id)->start;
    seen.candidate_evidence = best->id + " streams the primary's history and has caught up";
}

/// Whether the primary is heard to serve, in whichever epoch: then nothing is forced past it.
bool serves(const PairRecord& record, const View& view) {
    const auto primary = heard(record, view, record.primary);
    return primary && serves_clients(*primary);
}

bool may_be_forced(const Observation* target) {
    return target != nullptr && !target->data_id.empty() &&
           (target->server == ServerState::standby || target->server == ServerState::stopped);
}

void assess_intent(const PairRecord& record, const View& view, Assessment& seen) {
    const auto& intent = record.intent;
    const auto standby = standby_of(record);
    const bool on_standby = standby == intent.member;
    const auto target = heard(record, view, intent.member);
    switch (intent.kind) {
    case IntentKind::none:
    case IntentKind::switch_over: return; // See assess_switchover().
    case IntentKind::fail_over: seen.facts.failover_asked = on_standby; return;
    case IntentKind::force:
        seen.facts.failover_asked = on_standby;
        seen.facts.force_moot = serves(record, view);
        seen.facts.force_asked = !seen.facts.force_moot && may_be_forced(target);
        return;
    case IntentKind::remove:
        seen.facts.removal_asked = is_protected(record, intent.member);
        seen.facts.member_leaves = !seen.facts.removal_asked;
        return;
    case IntentKind::give_back: break;
    }
    // Evidence counts only under exactly this revision: from its acceptance on, the new primary
    // runs nothing until a higher revision says so.
    const auto primary = heard(record, view, record.primary);
    const bool stood_down = primary && primary->accepted == record.revision &&
                            primary->server == ServerState::stopped && same_data(record, *primary);
    seen.facts.former_may_return = stood_down && primary->never_promoted;
    seen.facts.has_promoted = stood_down && !primary->never_promoted;
}

} // namespace

std::string hindrance_of_grant(const PairRecord& record, const View& view, const Member& member) {
    const auto primary = heard(record, view, record.primary);
    const auto told = heard(record, view, member.id);
    if (!primary || primary->serving != record.epoch || primary->accepted != record.revision) {
        return "the primary does not serve under this revision yet";
    }
    if (!primary->unfit.empty() || !primary->lowered.empty()) { // F14, R13
        return record.primary + ": " + (primary->unfit.empty() ? primary->lowered : primary->unfit);
    }
    if (!told) {
        return "its agent is not heard";
    }
    if (told->accepted != record.revision) {
        return "its agent has not accepted this revision";
    }
    if (is_full(*told)) {
        return how_full(*told);
    }
    if (told->server != ServerState::standby) {
        return told->job ? told->job->what
                         : "its database is not a running standby (" +
                               std::string(to_string(told->server)) + ")";
    }
    const auto timings = timings_for(record);
    if (const auto trouble = own_trouble(timings, *told); !trouble.empty()) {
        return trouble;
    }
    if (!view.members.at(member.id).refused_stream.empty()) {
        return view.members.at(member.id).refused_stream;
    }
    if (!told->unfit.empty()) {
        return told->unfit;
    }
    if (told->data_id.empty() || !told->stream.connected) {
        return "it does not stream from the primary";
    }
    if (told->stream.silent >= timings.dead_after) { // Connected, as far as it knows.
        return "it hears nothing from the primary since " + seconds(told->stream.silent);
    }
    if (!told->position.history.known() || told->position.history != primary->position.history) {
        return "it is not on the primary's history";
    }
    // Further behind, commits would wait while it catches up.
    if (primary->position.offset_bytes > told->position.offset_bytes + largest_lag(primary->unit)) {
        return "it is " +
               in_words(primary->position.offset_bytes - told->position.offset_bytes,
                        primary->unit) +
               " behind";
    }
    if (told->unit == Unit::transactions && told->unreplayed_bytes > few_to_replay &&
        told->stream.clean_for < replays_within) {
        return "it has " + in_words(told->unreplayed_bytes, told->unit) + " to replay first";
    }
    if (const auto needed = clean_stream_needed(record, view.unix_ms);
        told->stream.clean_for < needed) {
        return "it was lost " + std::to_string(record.hold_down.losses) +
               " times lately and must first stream cleanly for " +
               std::to_string(needed.count() / 1000) + " s";
    }
    return {};
}

int protection(const PairRecord& record, const Member& member) {
    const auto& primary = record.members.at(record.primary);
    return (member.zone != primary.zone ? 2 : 0) + (member.host != primary.host ? 1 : 0);
}

Assessment assess(const PairRecord& record, const View& view) {
    Assessment seen;
    seen.facts.paused = record.paused;
    seen.facts.may_go_alone = record.policy.when_standby_lost == WhenStandbyLost::go_on;
    assess_halt(record, view, seen);
    assess_primary(record, view, seen);
    assess_standby(record, view, seen);
    assess_switchover(record, view, seen);
    assess_barrier(record, view, seen);
    assess_renewal(record, view, seen);
    assess_candidates(record, view, seen);
    assess_spares(record, view, seen);
    if (!seen.candidate && !seen.spare_evidence.empty()) {
        seen.candidate_evidence += "; " + seen.spare_evidence;
    }
    assess_intent(record, view, seen);
    return seen;
}

} // namespace lockstep
