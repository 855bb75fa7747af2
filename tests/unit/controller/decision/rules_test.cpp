// Every phase times every combination of facts: 5 × 5 × 2^23 cases, and a mutation of every rule.
#include "controller/decision/rules.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using Flag = bool Facts::*;
constexpr Flag flags[] = {
    &Facts::halted,          &Facts::paused,
    &Facts::force_asked,     &Facts::failover_asked,
    &Facts::removal_asked,   &Facts::member_leaves,
    &Facts::lowered,         &Facts::primary_failed,
    &Facts::primary_serves,  &Facts::standby_promotable,
    &Facts::standby_unheard, &Facts::standby_failed,
    &Facts::may_go_alone,    &Facts::candidate_ready,
    &Facts::past_barrier,    &Facts::former_may_return,
    &Facts::has_promoted,    &Facts::force_moot,
    &Facts::grant_overdue,   &Facts::in_doubt,
    &Facts::away_changed,    &Facts::spare_due,
    &Facts::renewal_due,
};
constexpr unsigned flag_count = sizeof(flags) / sizeof(flags[0]);
constexpr Switchover switchovers[] = {Switchover::none, Switchover::under_way, Switchover::done,
                                      Switchover::failed, Switchover::given_back};
static_assert(sizeof(Facts) == flag_count + sizeof(Switchover),
              "a fact is missing from the exhaustive test");

constexpr Phase phases[] = {Phase::forming, Phase::solo, Phase::granted, Phase::in_sync,
                            Phase::promoting};

Facts facts_of(unsigned bits, Switchover switchover) {
    Facts facts;
    facts.switchover = switchover;
    for (unsigned i = 0; i < flag_count; ++i) {
        facts.*flags[i] = ((bits >> i) & 1U) != 0;
    }
    return facts;
}

/// A promise that holds whatever the facts are.
struct Promise {
    const char* claim;
    bool (*holds)(Phase, const Facts&, const Rule&);
};

bool must(bool when, bool then) {
    return !when || then;
}

bool handed_over(const Facts& f) {
    return f.switchover == Switchover::done && f.standby_promotable;
}

/// A standby in sync that was restarted, and can be let in or was.
bool is_renewed(const Facts& f) {
    return f.renewal_due || f.past_barrier;
}

/// A switchover that ends now: of these, only what halts or lowers is of higher rank.
bool switchover_ends(const Facts& f) {
    return handed_over(f) || f.switchover == Switchover::failed;
}

bool switches(const Facts& f) {
    return f.switchover != Switchover::none;
}

/// True where no rule of higher rank speaks.
bool quiet(const Facts& f) {
    return !f.halted && !f.lowered && !f.force_asked && !f.force_moot && !switchover_ends(f);
}

const std::vector<Promise>& promises() {
    static const std::vector<Promise> all = {
        {"R12 a halted pair is left alone",
         [](Phase, const Facts& f, const Rule& r) {
             return must(f.halted, r.action == Action::wait);
         }},
        {"R2 only the in-sync standby is promoted, and only if it can be",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::promote, p == Phase::in_sync && f.standby_promotable);
         }},
        {"R13 lowered strictness never promotes and never lets in",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool counts = p == Phase::in_sync || p == Phase::granted;
             return must(counts && f.lowered && !f.halted,
                         r.action == Action::narrow || r.action == Action::withdraw);
         }},
        {"nothing is promoted unless the primary failed or an operator asked",
         [](Phase, const Facts& f, const Rule& r) {
             return must(r.action == Action::promote,
                         f.primary_failed || f.failover_asked || handed_over(f));
         }},
        {"pause stops a failover that nobody asked for",
         [](Phase, const Facts& f, const Rule& r) {
             return must(f.paused && !f.failover_asked && !f.force_asked && !handed_over(f),
                         r.action != Action::promote);
         }},
        {"a failed primary is failed over at once when its standby can be promoted",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && f.primary_failed &&
                             f.standby_promotable && !f.paused,
                         r.action == Action::promote);
         }},
        {"an operator's failover is done",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && f.failover_asked &&
                             f.standby_promotable,
                         r.action == Action::promote);
         }},
        {"a failed primary is not started while its standby may be about to speak",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && f.primary_failed && !f.paused &&
                             f.standby_unheard && !f.standby_promotable,
                         r.action == Action::wait && r.severity == Severity::alarm);
         }},
        {"R5 a failed primary that cannot be succeeded may be started in place",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool hopeless =
                 (p == Phase::in_sync && !f.standby_promotable && !f.standby_unheard && quiet(f)) ||
                 (p == Phase::solo && !f.halted && !f.force_asked && !f.force_moot);
             return must(hopeless && f.primary_failed, r.action == Action::stay);
         }},
        {"a failed solo primary is shown as stranded",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::solo && !f.halted && !f.force_asked && !f.force_moot &&
                             f.primary_failed,
                         r.to == Phase::stranded && r.severity == Severity::alarm);
         }},
        {"a forced failover is dropped once the primary serves again",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool promoted = r.action == Action::promote;
             return must((p == Phase::solo || p == Phase::in_sync) && !f.halted && !f.lowered &&
                             !switchover_ends(f) && !(f.paused && f.primary_failed) &&
                             f.force_moot && !promoted,
                         r.action == Action::cancel);
         }},
        {"a grant that leads nowhere ends",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::granted && quiet(f) && !f.primary_failed &&
                             !f.standby_failed && !f.removal_asked && !f.past_barrier,
                         (r.action == Action::withdraw) == f.grant_overdue);
         }},
        {"a failed primary under pause raises an alarm",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && f.primary_failed && f.paused &&
                             !f.failover_asked,
                         r.action == Action::stay && r.severity == Severity::alarm &&
                             r.because.find("paused") != std::string_view::npos);
         }},
        {"a primary that handed over is succeeded",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && !f.halted && !f.lowered && handed_over(f),
                         r.action == Action::promote);
         }},
        {"F22 a switchover that cannot be finished gives the primary back",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && !f.halted && !f.lowered &&
                             f.switchover == Switchover::failed,
                         r.action == Action::cancel && r.severity == Severity::warning);
         }},
        {"a primary that hands over is not started, and its standby not let go",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool busy = f.primary_failed || (f.failover_asked && f.standby_promotable);
             return must(
                 p == Phase::in_sync && quiet(f) && !busy &&
                     (f.switchover == Switchover::under_way || f.switchover == Switchover::done),
                 r.action == Action::wait);
         }},
        {"R5 a primary that is given back may be started",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool busy = f.primary_failed || (f.failover_asked && f.standby_promotable);
             return must(p == Phase::in_sync && quiet(f) && !busy &&
                             f.switchover == Switchover::given_back,
                         r.action == Action::stay && r.severity == Severity::warning);
         }},
        {"what an operator asked for is dropped only where it cannot be done",
         [](Phase, const Facts& f, const Rule& r) {
             return must(r.action == Action::cancel,
                         f.force_moot || f.has_promoted || f.switchover == Switchover::failed);
         }},
        {"a loss is only accepted by an operator",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::force,
                         f.force_asked &&
                             (p == Phase::solo || p == Phase::promoting || p == Phase::in_sync));
         }},
        {"a forced failover is done",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(f.force_asked && !f.halted &&
                             ((p == Phase::solo && !f.force_moot) ||
                              (p == Phase::promoting && !f.former_may_return && !f.has_promoted) ||
                              (p == Phase::in_sync && !f.lowered && !f.force_moot &&
                               !switchover_ends(f) && !(f.failover_asked && f.standby_promotable) &&
                               !(f.primary_failed && f.standby_promotable))),
                         r.action == Action::force);
         }},
        {"R4 nobody is let in before the barrier is passed",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::widen, p == Phase::granted && f.past_barrier &&
                                                        !f.standby_failed && !f.primary_failed);
         }},
        {"a standby past the barrier is let in",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::granted && quiet(f) && f.past_barrier && !f.standby_failed &&
                             !f.primary_failed && !f.removal_asked,
                         r.action == Action::widen);
         }},
        {"R4 a grant is given from solo, while the primary is well, to a ready candidate",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::grant,
                         p == Phase::solo && f.candidate_ready && !f.primary_failed);
         }},
        {"a ready candidate is granted",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::solo && quiet(f) && !f.primary_failed && !f.member_leaves &&
                             f.candidate_ready,
                         r.action == Action::grant);
         }},
        {"a grant ends when the primary or the standby fails",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::granted && !f.halted && (f.primary_failed || f.standby_failed),
                         r.action == Action::withdraw);
         }},
        {"a grant that ends with the primary leaves the pair stranded",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::granted && quiet(f) && f.primary_failed,
                         r.to == Phase::stranded);
         }},
        {"R3 only an in-sync pair is narrowed",
         [](Phase p, const Facts&, const Rule& r) {
             return must(r.action == Action::narrow, p == Phase::in_sync);
         }},
        {"a standby is narrowed out only for its failure, a lowering or an operator",
         [](Phase, const Facts& f, const Rule& r) {
             return must(r.action == Action::narrow,
                         f.lowered || f.removal_asked || (f.standby_failed && f.may_go_alone));
         }},
        {"a lost standby is left behind if policy allows",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && !switches(f) && !f.primary_failed &&
                             !(f.failover_asked && f.standby_promotable) && f.standby_failed &&
                             f.may_go_alone,
                         r.action == Action::narrow);
         }},
        {"commits wait for a lost standby if policy says so",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && !switches(f) && !f.primary_failed &&
                             !(f.failover_asked && f.standby_promotable) && f.standby_failed &&
                             !f.may_go_alone && !f.removal_asked && !is_renewed(f),
                         r.action == Action::stay && r.severity == Severity::alarm);
         }},
        {"R4 a promise is renewed by way of a barrier, and only where nobody is left behind",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool calm = p == Phase::in_sync && !f.lowered && !f.primary_failed &&
                               !f.removal_asked && !(f.standby_failed && f.may_go_alone);
             return must(r.action == Action::renew, calm && f.renewal_due) &&
                    must(r.action == Action::confirm, calm && f.past_barrier);
         }},
        {"the promise of a restarted standby is renewed",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool busy = f.primary_failed || switches(f) || f.removal_asked ||
                               (f.failover_asked && f.standby_promotable) ||
                               (f.standby_failed && f.may_go_alone);
             return must(p == Phase::in_sync && quiet(f) && !busy && is_renewed(f),
                         r.action == (f.past_barrier ? Action::confirm : Action::renew));
         }},
        {"what looks like a failure and decides nothing raises an alarm",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool shown = p == Phase::solo || p == Phase::granted || p == Phase::in_sync;
             const bool explained = f.switchover == Switchover::given_back;
             return must(shown && f.in_doubt && r.action == Action::stay && !explained,
                         r.severity == Severity::alarm);
         }},
        {"a spare replaces a member only while the primary is alone and well, and none better is "
         "there",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::replace, p == Phase::solo && f.spare_due &&
                                                          !f.primary_failed && !f.candidate_ready &&
                                                          !f.halted);
         }},
        {"a spare replaces a member that stayed away too long",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::solo && quiet(f) && !f.primary_failed && !f.member_leaves &&
                             !f.candidate_ready && f.spare_due,
                         r.action == Action::replace);
         }},
        {"who stays away is noted, while the primary is alone",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool free = !f.primary_failed && !f.member_leaves && !f.candidate_ready;
             return must(p == Phase::solo && quiet(f) && free && !f.spare_due && f.away_changed,
                         r.action == Action::note_away);
         }},
        {"nobody is noted away without a change",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::note_away, p == Phase::solo && f.away_changed);
         }},
        {"a failed primary is never left alone by narrowing its standby away",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && f.primary_failed,
                         r.action != Action::narrow && r.severity >= Severity::warning);
         }},
        {"an operator's removal of the standby is done",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool busy =
                 f.primary_failed || (f.failover_asked && f.standby_promotable) || switches(f);
             return must(p == Phase::in_sync && quiet(f) && !busy && f.removal_asked,
                         r.action == Action::narrow && r.severity == Severity::info);
         }},
        {"an operator's removal of a granted standby is done",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::granted && quiet(f) && !f.primary_failed && f.removal_asked,
                         r.action == Action::withdraw && r.severity == Severity::info);
         }},
        {"a member that nobody counts on is dropped when asked",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool calm = quiet(f) && !switches(f) && !f.primary_failed && !f.standby_failed &&
                               !f.removal_asked && !f.failover_asked && !f.force_asked &&
                               !is_renewed(f);
             return must(calm && f.member_leaves && (p == Phase::solo || p == Phase::in_sync),
                         r.action == Action::drop);
         }},
        {"a member is dropped only when asked",
         [](Phase, const Facts& f, const Rule& r) {
             return must(r.action == Action::drop, f.member_leaves);
         }},
        {"an epoch has served only when its primary says so",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::serve,
                         f.primary_serves && (p == Phase::forming || p == Phase::promoting));
         }},
        {"a primary that serves is recorded as serving",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool asked = f.force_asked || f.former_may_return || f.has_promoted;
             return must(!f.halted && f.primary_serves &&
                             (p == Phase::forming || (p == Phase::promoting && !asked)),
                         r.action == Action::serve);
         }},
        {"F23 the former primary returns only when the new one proved that it never promoted",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(r.action == Action::give_back,
                         p == Phase::promoting && f.former_may_return);
         }},
        {"F23 the former primary returns when it may",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::promoting && !f.halted && f.former_may_return,
                         r.action == Action::give_back);
         }},
        {"F23 a return that cannot be is cancelled",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::promoting && !f.halted && !f.former_may_return &&
                             f.has_promoted,
                         r.action == Action::cancel);
         }},
        {"a new primary that failed raises an alarm",
         [](Phase p, const Facts& f, const Rule& r) {
             const bool asked = f.force_asked || f.former_may_return || f.has_promoted;
             return must(p == Phase::promoting && !f.halted && !asked && !f.primary_serves &&
                             f.primary_failed,
                         r.action == Action::stay && r.severity == Severity::alarm);
         }},
        {"a standby that cannot be promoted while the primary is down raises an alarm",
         [](Phase p, const Facts& f, const Rule& r) {
             return must(p == Phase::in_sync && quiet(f) && f.primary_failed && !f.paused &&
                             !f.standby_promotable,
                         r.severity == Severity::alarm);
         }},
    };
    return all;
}

/// Without what is asked for in other phases only: the same rule applies, and it is tested there.
Facts of_this_phase(Phase phase, Facts facts) {
    const bool shows_doubt =
        phase == Phase::solo || phase == Phase::granted || phase == Phase::in_sync;
    facts.in_doubt = facts.in_doubt && shows_doubt;
    facts.away_changed = facts.away_changed && phase == Phase::solo;
    facts.spare_due = facts.spare_due && phase == Phase::solo;
    facts.renewal_due = facts.renewal_due && phase == Phase::in_sync;
    return facts;
}

/// The claims that a table breaks in some phases; stops at the first `most`. (A mutated rule
/// changes nothing outside its own phase.)
std::set<std::string> broken_promises(std::span<const Rule> table, std::span<const Phase> in,
                                      std::size_t most = 1) {
    std::set<std::string> broken;
    for (const auto phase : in) {
        for (unsigned bits = 0; bits < (std::size(switchovers) << flag_count); ++bits) {
            const auto facts = facts_of(bits, switchovers[bits >> flag_count]);
            const auto& rule = choose(table, phase, facts);
            if (const auto ours = of_this_phase(phase, facts); ours != facts) {
                if (&choose(table, phase, ours) != &rule) {
                    broken.insert("a fact counts only in its own phases");
                }
                continue;
            }
            if (rule.from != phase) {
                broken.insert("the table is total");
            }
            for (const auto& promise : promises()) {
                if (!promise.holds(phase, facts, rule)) {
                    broken.insert(promise.claim);
                }
            }
            if (broken.size() >= most) {
                return broken;
            }
        }
    }
    return broken;
}

TEST(Rules, KeepEveryPromiseInEveryPhaseUnderEveryCombinationOfFacts) {
    const auto broken = broken_promises(rules(), phases, 1000);
    for (const auto& claim : broken) {
        ADD_FAILURE() << claim;
    }
}

TEST(Rules, EveryRuleTellsItsReasonInASentence) {
    for (const auto& rule : rules()) {
        EXPECT_GE(rule.because.size(), 15U) << to_string(rule.from) << " " << rule.condition;
    }
}

TEST(RulesMutation, DroppingAnyRuleBreaksAPromise) {
    const auto table = rules();
    for (std::size_t dropped = 0; dropped < table.size(); ++dropped) {
        const auto& rule = table[dropped];
        // A phase's last row, and rows that only word the same outcome otherwise, are checked by
        // totality and by the wording test.
        std::vector<Rule> mutated(table.begin(), table.end());
        mutated.erase(mutated.begin() + static_cast<std::ptrdiff_t>(dropped));
        EXPECT_FALSE(broken_promises(mutated, {&rule.from, 1}).empty())
            << to_string(rule.from) << " / " << rule.condition << " can be dropped unnoticed";
    }
}

TEST(RulesMutation, StayingInsteadOfActingBreaksAPromise) {
    const auto table = rules();
    for (std::size_t changed = 0; changed < table.size(); ++changed) {
        if (table[changed].action == Action::stay || table[changed].action == Action::wait) {
            continue;
        }
        std::vector<Rule> mutated(table.begin(), table.end());
        mutated[changed].action = Action::stay;
        EXPECT_FALSE(broken_promises(mutated, {&table[changed].from, 1}).empty())
            << to_string(table[changed].from) << " / " << table[changed].condition;
    }
}

TEST(RulesMutation, PromotingOnAnyOtherConditionBreaksAPromise) {
    const auto table = rules();
    for (std::size_t changed = 0; changed < table.size(); ++changed) {
        if (table[changed].action == Action::promote) {
            continue;
        }
        std::vector<Rule> mutated(table.begin(), table.end());
        mutated[changed].action = Action::promote;
        EXPECT_FALSE(broken_promises(mutated, {&table[changed].from, 1}).empty())
            << to_string(table[changed].from) << " / " << table[changed].condition;
    }
}

} // namespace
} // namespace lockstep
