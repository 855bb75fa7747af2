#include "controller/decision/rules.h"

#include <array>

namespace lockstep {
namespace {

// Each condition is one line over named facts.
constexpr bool otherwise(const Facts&) {
    return true;
}
constexpr bool halted(const Facts& f) {
    return f.halted;
}
constexpr bool grant_overdue(const Facts& f) {
    return f.grant_overdue;
}
constexpr bool force_moot(const Facts& f) {
    return f.force_moot;
}
constexpr bool force_asked(const Facts& f) {
    return f.force_asked;
}
constexpr bool primary_serves(const Facts& f) {
    return f.primary_serves;
}
constexpr bool former_may_return(const Facts& f) {
    return f.former_may_return;
}
constexpr bool has_promoted(const Facts& f) {
    return f.has_promoted;
}
constexpr bool lowered(const Facts& f) {
    return f.lowered;
}
constexpr bool may_fail_over(const Facts& f) {
    return f.failover_asked && f.standby_promotable;
}
constexpr bool handed_over(const Facts& f) {
    return f.switchover == Switchover::done && f.standby_promotable;
}
constexpr bool switchover_failed(const Facts& f) {
    return f.switchover == Switchover::failed;
}
constexpr bool hands_over(const Facts& f) {
    return f.switchover == Switchover::under_way || f.switchover == Switchover::done;
}
constexpr bool given_back(const Facts& f) {
    return f.switchover == Switchover::given_back;
}
constexpr bool failed_while_paused(const Facts& f) {
    return f.primary_failed && f.paused && !f.force_asked;
}
constexpr bool may_promote(const Facts& f) {
    return f.primary_failed && f.standby_promotable;
}
constexpr bool failed_unheard(const Facts& f) {
    return f.primary_failed && f.standby_unheard;
}
constexpr bool primary_failed(const Facts& f) {
    return f.primary_failed;
}
constexpr bool removal_asked(const Facts& f) {
    return f.removal_asked;
}
constexpr bool member_leaves(const Facts& f) {
    return f.member_leaves;
}
constexpr bool may_go_alone(const Facts& f) {
    return f.standby_failed && f.may_go_alone;
}
constexpr bool standby_failed(const Facts& f) {
    return f.standby_failed;
}
constexpr bool in_doubt(const Facts& f) {
    return f.in_doubt;
}
constexpr bool away_changed(const Facts& f) {
    return f.away_changed;
}
constexpr bool spare_due(const Facts& f) {
    return f.spare_due;
}
constexpr bool past_barrier(const Facts& f) {
    return f.past_barrier;
}
constexpr bool renewal_due(const Facts& f) {
    return f.renewal_due;
}
constexpr bool candidate_ready(const Facts& f) {
    return f.candidate_ready;
}

constexpr auto forming = Phase::forming;
constexpr auto solo = Phase::solo;
constexpr auto granted = Phase::granted;
constexpr auto in_sync = Phase::in_sync;
constexpr auto promoting = Phase::promoting;
constexpr auto stranded = Phase::stranded;
constexpr auto info = Severity::info;
constexpr auto warning = Severity::warning;
constexpr auto alarm = Severity::alarm;

// A condition and its name.
#define WHEN(condition) condition, #condition

constexpr auto about_halt = &Assessment::halt_evidence;
constexpr auto about_primary = &Assessment::primary_evidence;
constexpr auto about_standby = &Assessment::standby_evidence;
constexpr auto about_hindrance = &Assessment::hindrance_evidence;
constexpr auto about_lowered = &Assessment::lowered_evidence;
constexpr auto about_candidate = &Assessment::candidate_evidence;
constexpr auto about_doubt = &Assessment::doubt_evidence;
constexpr auto about_spare = &Assessment::spare_evidence;
constexpr auto about_barrier = &Assessment::barrier_evidence;
constexpr auto about_switchover = &Assessment::switchover_evidence;
constexpr std::string Assessment::*nothing = nullptr;

// clang-format off
// The life of a pair, read from top to bottom. The first rule of a phase that matches wins.
constexpr std::array table = {
    Rule{forming,   WHEN(halted),              Action::wait,      forming,   alarm,   "the store and an agent disagree about this pair: nothing is decided", about_halt},
    Rule{forming,   WHEN(primary_serves),      Action::serve,     solo,      info,    "the first primary serves: the pair is formed", nothing},
    Rule{forming,   WHEN(otherwise),           Action::stay,      forming,   info,    "the first primary is being made", about_primary},

    Rule{solo,      WHEN(halted),              Action::wait,      solo,      alarm,   "the store and an agent disagree about this pair: nothing is decided", about_halt},
    Rule{solo,      WHEN(force_moot),          Action::cancel,    solo,      warning, "the primary serves again: the forced failover that was asked for is dropped", nothing},
    Rule{solo,      WHEN(force_asked),         Action::force,     promoting, alarm,   "an operator forces the failover and accepts that acknowledged commits may be lost", about_primary},
    Rule{solo,      WHEN(primary_failed),      Action::stay,      stranded,  alarm,   "the primary failed and no other member holds every acknowledged commit: it must come back itself", about_primary},
    Rule{solo,      WHEN(member_leaves),       Action::drop,      solo,      info,    "an operator takes a member out", nothing},
    Rule{solo,      WHEN(candidate_ready),     Action::grant,     granted,   info,    "a standby has caught up and is let in", about_candidate},
    Rule{solo,      WHEN(spare_due),           Action::replace,   solo,      warning, "a spare takes the place of a member that stays away", about_spare},
    Rule{solo,      WHEN(away_changed),        Action::note_away, solo,      info,    "while the primary is alone, who stays away is noted", about_spare},
    Rule{solo,      WHEN(in_doubt),            Action::stay,      solo,      alarm,   "the primary is alone and looks troubled, but that decides nothing", about_doubt},
    Rule{solo,      WHEN(otherwise),           Action::stay,      solo,      warning, "the primary is alone", about_candidate},

    Rule{granted,   WHEN(halted),              Action::wait,      granted,   alarm,   "the store and an agent disagree about this pair: nothing is decided", about_halt},
    Rule{granted,   WHEN(lowered),             Action::withdraw,  solo,      alarm,   "strict replication was lowered while the standby was being let in", about_lowered},
    Rule{granted,   WHEN(primary_failed),      Action::withdraw,  stranded,  alarm,   "the primary failed before the standby had passed the barrier: it alone holds every acknowledged commit", about_primary},
    Rule{granted,   WHEN(removal_asked),       Action::withdraw,  solo,      info,    "an operator takes the standby out", nothing},
    Rule{granted,   WHEN(standby_failed),      Action::withdraw,  solo,      warning, "the standby went silent before the barrier", about_standby},
    Rule{granted,   WHEN(past_barrier),        Action::widen,     in_sync,   info,    "the standby passed the barrier: it holds every acknowledged commit", about_barrier},
    Rule{granted,   WHEN(grant_overdue),       Action::withdraw,  solo,      warning, "the standby did not get past the barrier in time: the primary no longer waits for it", about_barrier},
    Rule{granted,   WHEN(in_doubt),            Action::stay,      granted,   alarm,   "a member looks troubled, but that decides nothing", about_doubt},
    Rule{granted,   WHEN(otherwise),           Action::stay,      granted,   info,    "waiting for the standby to pass the barrier", about_barrier},

    Rule{in_sync,   WHEN(halted),              Action::wait,      in_sync,   alarm,   "the store and an agent disagree about this pair: nothing is decided", about_halt},
    Rule{in_sync,   WHEN(lowered),             Action::narrow,    solo,      alarm,   "strict replication was lowered: the standby may lack acknowledged commits", about_lowered},
    Rule{in_sync,   WHEN(handed_over),         Action::promote,   promoting, info,    "an operator asked for a switchover; the primary stopped cleanly, and the standby has all of it", about_switchover},
    Rule{in_sync,   WHEN(switchover_failed),   Action::cancel,    in_sync,   warning, "the switchover is given up, and the primary goes on", about_switchover},
    Rule{in_sync,   WHEN(may_fail_over),       Action::promote,   promoting, warning, "an operator asked for a failover; the standby has every acknowledged commit", nothing},
    Rule{in_sync,   WHEN(failed_while_paused), Action::stay,      in_sync,   alarm,   "the primary failed, and failover is paused by an operator", about_primary},
    Rule{in_sync,   WHEN(may_promote),         Action::promote,   promoting, warning, "the primary failed; the standby has every acknowledged commit", about_primary},
    Rule{in_sync,   WHEN(force_moot),          Action::cancel,    in_sync,   warning, "the primary serves again: the forced failover that was asked for is dropped", nothing},
    Rule{in_sync,   WHEN(force_asked),         Action::force,     promoting, alarm,   "an operator forces the failover and accepts that acknowledged commits may be lost", about_primary},
    Rule{in_sync,   WHEN(failed_unheard),      Action::wait,      in_sync,   alarm,   "the primary failed; waiting to hear from the standby", about_hindrance},
    Rule{in_sync,   WHEN(primary_failed),      Action::stay,      in_sync,   alarm,   "the primary failed and the standby cannot be promoted now: whichever is back first serves", about_hindrance},
    Rule{in_sync,   WHEN(hands_over),          Action::wait,      in_sync,   info,    "an operator asked for a switchover", about_switchover},
    Rule{in_sync,   WHEN(given_back),          Action::stay,      in_sync,   warning, "the switchover was given up: the primary is started again", about_switchover},
    Rule{in_sync,   WHEN(removal_asked),       Action::narrow,    solo,      info,    "an operator takes the standby out", nothing},
    Rule{in_sync,   WHEN(may_go_alone),        Action::narrow,    solo,      warning, "the standby failed; the primary goes on alone", about_standby},
    Rule{in_sync,   WHEN(past_barrier),        Action::confirm,   in_sync,   info,    "the standby that was restarted passed the barrier: it holds every acknowledged commit", about_barrier},
    Rule{in_sync,   WHEN(renewal_due),         Action::renew,     in_sync,   info,    "the standby was restarted, which ended its promise, and is let in anew; commits wait for it meanwhile", about_standby},
    Rule{in_sync,   WHEN(standby_failed),      Action::stay,      in_sync,   alarm,   "the standby failed, and by policy commits wait for it", about_standby},
    Rule{in_sync,   WHEN(member_leaves),       Action::drop,      in_sync,   info,    "an operator takes a member out", nothing},
    Rule{in_sync,   WHEN(in_doubt),            Action::stay,      in_sync,   alarm,   "a member looks troubled, but that decides nothing", about_doubt},
    Rule{in_sync,   WHEN(otherwise),           Action::stay,      in_sync,   info,    "primary and standby in step", nothing},

    Rule{promoting, WHEN(halted),              Action::wait,      promoting, alarm,   "the store and an agent disagree about this pair: nothing is decided", about_halt},
    Rule{promoting, WHEN(former_may_return),   Action::give_back, promoting, warning, "the new primary never promoted itself; the former one holds every acknowledged commit and returns", about_primary},
    Rule{promoting, WHEN(has_promoted),        Action::cancel,    promoting, warning, "the new primary had begun its history already: the former one cannot return without a loss", nothing},
    Rule{promoting, WHEN(force_asked),         Action::force,     promoting, alarm,   "an operator forces the failover and accepts that acknowledged commits may be lost", about_primary},
    Rule{promoting, WHEN(primary_serves),      Action::serve,     solo,      info,    "the new primary serves", nothing},
    Rule{promoting, WHEN(primary_failed),      Action::stay,      promoting, alarm,   "the new primary failed before it served: it alone may serve, once it is back", about_primary},
    Rule{promoting, WHEN(otherwise),           Action::stay,      promoting, info,    "the new primary is promoting itself", about_primary},
};
// clang-format on
#undef WHEN

constexpr bool closes(const Rule& rule) {
    return rule.when == &otherwise;
}

/// Every phase that a record can be in ends with exactly one rule that always matches.
constexpr bool total(std::span<const Rule> some) {
    for (const auto phase : {forming, solo, granted, in_sync, promoting}) {
        bool closed = false;
        for (const auto& rule : some) {
            if (rule.from != phase) {
                continue;
            }
            if (closed) {
                return false; // A rule that can never match.
            }
            closed = closes(rule);
        }
        if (!closed) {
            return false;
        }
    }
    return true;
}
static_assert(total(table), "decide() must be total: each phase's last rule is `otherwise`");

} // namespace

std::string_view to_string(Action action) {
    switch (action) {
    case Action::stay: return "stay";
    case Action::wait: return "wait";
    case Action::serve: return "serve";
    case Action::promote: return "promote";
    case Action::force: return "force";
    case Action::give_back: return "give_back";
    case Action::narrow: return "narrow";
    case Action::grant: return "grant";
    case Action::widen: return "widen";
    case Action::renew: return "renew";
    case Action::confirm: return "confirm";
    case Action::withdraw: return "withdraw";
    case Action::cancel: return "cancel";
    case Action::note_away: return "note_away";
    case Action::replace: return "replace";
    case Action::drop: return "drop";
    }
    return "unknown";
}

std::span<const Rule> rules() {
    return table;
}

const Rule& choose(std::span<const Rule> some, Phase phase, const Facts& facts) {
    for (const auto& rule : some) {
        if (rule.from == phase && rule.when(facts)) {
            return rule;
        }
    }
    // Only a table that is not total comes here: tests hand in mutated ones.
    static constexpr Rule none{Phase::stranded, otherwise, "none",    Action::wait,
                               Phase::stranded, alarm,     "no rule", nothing};
    return none;
}

} // namespace lockstep
