#include "controller/decision/switchover.h"

#include "controller/decision/evidence.h"
#include "core/goal.h"

namespace lockstep {
namespace {

// Patience only: what comes later is given back, or failed over. The agent's own deadlines are
// shorter, so that usually it is the one who tells.
constexpr Milliseconds taken_up_within{10000};
constexpr Milliseconds prepared_within{900000};
constexpr Milliseconds stopped_within{10000};
constexpr Milliseconds received_within{1000}; // What a stopped primary sent, by its standby.
constexpr Milliseconds given_back_within{15000};

Milliseconds patience(HandOverStage stage) {
    switch (stage) {
    case HandOverStage::preparing: return prepared_within;
    case HandOverStage::draining:
    case HandOverStage::stopping: return stopped_within;
    case HandOverStage::stopped: break;
    }
    return received_within;
}

std::string doing(const MemberId& primary, HandOverStage stage) {
    switch (stage) {
    case HandOverStage::preparing: return primary + " writes a checkpoint and still serves";
    case HandOverStage::draining: return primary + "'s door is shut, its sessions end";
    case HandOverStage::stopping: return primary + "'s server stops";
    case HandOverStage::stopped: break;
    }
    return primary + " has stopped cleanly";
}

/// Between the request and the first word of the primary's agent about it.
SwitchoverSeen not_taken_up(const PairRecord& record, const View& view) {
    const bool late = view.unix_ms - record.intent.asked_unix_ms >= taken_up_within.count();
    if (late) {
        return {Switchover::failed,
                record.primary + "'s agent did not take it up within " + seconds(taken_up_within)};
    }
    return {Switchover::under_way, record.primary + "'s agent was asked"};
}

SwitchoverSeen compared(const PairRecord& record, const View& view, const HandOver& told) {
    const auto& standby = record.intent.member;
    const auto has = heard(record, view, standby)->position; // It has no hindrance, so it is heard.
    const auto words = record.primary + "'s log ends at " + std::to_string(told.end.offset_bytes) +
                       ", " + standby + " has flushed up to " + std::to_string(has.offset_bytes);
    if (reached(has, told.end)) {
        return {Switchover::done, words};
    }
    const bool late = told.in_stage >= received_within;
    return {late ? Switchover::failed : Switchover::under_way, words};
}

SwitchoverSeen by_report(const PairRecord& record, const View& view, const HandOver& told) {
    if (!told.trouble.empty()) {
        return {Switchover::failed, told.trouble};
    }
    if (told.stage == HandOverStage::stopped) {
        return compared(record, view, told);
    }
    const auto words = doing(record.primary, told.stage) + ", for " + seconds(told.in_stage);
    const bool late = told.in_stage >= patience(told.stage);
    return {late ? Switchover::failed : Switchover::under_way, words};
}

} // namespace

bool stops_on_purpose(const PairRecord& record, const Observation& told) {
    const bool stops = told.hand_over && (told.hand_over->stage == HandOverStage::stopping ||
                                          told.hand_over->stage == HandOverStage::stopped);
    return stops && told.hand_over->revision <= record.revision &&
           told.hand_over->in_stage < given_back_within;
}

SwitchoverSeen switchover_of(const PairRecord& record, const View& view, const Assessment& seen) {
    const auto* told = heard(record, view, record.primary);
    if (!goal_for(record, record.primary).hand_over) {
        const bool over = told != nullptr && stops_on_purpose(record, *told);
        return over ? SwitchoverSeen{Switchover::given_back,
                                     record.primary + " was stopped for it " +
                                         seconds(told->hand_over->in_stage) + " ago"}
                    : SwitchoverSeen{};
    }
    if (seen.facts.primary_failed || told == nullptr) {
        return {Switchover::under_way, record.primary + " is not heard to hand over"};
    }
    if (seen.facts.standby_failed || !seen.facts.standby_promotable) {
        return {Switchover::failed, seen.standby_evidence};
    }
    if (told->accepted != record.revision || !told->hand_over ||
        told->hand_over->revision != record.revision) {
        return not_taken_up(record, view);
    }
    return by_report(record, view, *told->hand_over);
}

std::string switchover_hindrance(const PairRecord& record, const View& view,
                                 const MemberId& standby) {
    const auto* primary = heard(record, view, record.primary);
    if (primary == nullptr || primary->serving != record.epoch) {
        return record.primary + " is not heard to serve, so it cannot stop cleanly; if it is "
                                "down, fail over instead";
    }
    auto hindrance = promotion_hindrance(record, view, standby);
    if (!hindrance.empty()) {
        return hindrance;
    }
    const auto& told = *heard(record, view, standby);
    if (!told.stream.connected) {
        return standby + " does not stream from " + record.primary + " now";
    }
    if (told.unreplayed_bytes > largest_backlog(told.unit)) { // A promotion waits for it.
        return standby + " has " + in_words(told.unreplayed_bytes, told.unit) +
               " still to replay, and nobody could write meanwhile: ask again when it has caught "
               "up";
    }
    return {};
}

} // namespace lockstep
