#include "agent/decision/duty.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lockstep {
namespace {

using G = const Goal&;
using F = const LocalFacts&;

bool otherwise(G, F) {
    return true;
}
bool other(G, F f) {
    return f.data == Data::other;
}
bool unknown(G, F f) {
    return f.data == Data::unknown;
}
bool no_data(G, F f) {
    return f.data == Data::absent || f.data == Data::half_made;
}
bool is(F f, Process process) {
    return f.process == process;
}
bool stopped(G, F f) {
    return is(f, Process::none);
}
/// A process that the supervisor runs is this agent's own, whatever its folder looks like by now.
bool foreign(G g, F f) {
    return stopped(g, f) && f.data == Data::foreign;
}
bool leftover(G, F f) {
    return is(f, Process::leftover);
}
bool ending(G, F f) {
    return is(f, Process::ending);
}
bool starting(G, F f) {
    return is(f, Process::starting);
}
bool runs_primary(G, F f) {
    return is(f, Process::primary);
}
bool runs_standby(G, F f) {
    return is(f, Process::standby);
}
bool ticket_differs(G, F f) {
    return !f.ticket_in_force;
}

// Of a member that is none ------------------------------------------------------------------------
bool may_write(G, F f) {
    return is(f, Process::primary) || is(f, Process::starting) || is(f, Process::leftover);
}
bool ticket_left(G, F f) {
    return f.ticket_left;
}

// Of a primary ------------------------------------------------------------------------------------
bool forms(G g, F f) {
    return g.form && no_data(g, f);
}
bool forms_from_snapshot(G g, F f) {
    return forms(g, f) && g.origin;
}
bool served_but_replays(G g, F f) {
    return f.begun && !g.promote && (is(f, Process::standby) || f.data == Data::standby) &&
           !is(f, Process::primary);
}
bool stop_unread(G g, F f) {
    return stopped(g, f) && g.hand_over && f.hands_over == HandsOver::due;
}
bool awaits_word(G g, F f) {
    return stopped(g, f) && g.hand_over && f.hands_over == HandsOver::stopped;
}
bool hand_over_due(G g, F f) {
    return g.hand_over && f.hands_over == HandsOver::due;
}
bool start_held(G g, F f) {
    return stopped(g, f) && f.start_held;
}
/// F13: also what was a primary before is promoted anew, so that this epoch's history is its own.
bool must_replay_first(G g, F f) {
    const bool was_primary = f.data == Data::primary && g.promote && !f.begun;
    return stopped(g, f) && (f.data == Data::standby || was_primary);
}
bool stopped_may_start(G g, F f) {
    return stopped(g, f) && f.may_start;
}
bool unfinished(G, F f) {
    return !f.begun;
}
bool slots_differ(G, F f) {
    return !f.slots_kept;
}
bool proof_wanted(G g, F f) {
    return g.prove && !f.barrier_taken;
}
bool proof_possible(G g, F f) {
    return proof_wanted(g, f) && f.streaming;
}

// Of a standby ------------------------------------------------------------------------------------
bool may_come_up_writable(G, F f) {
    return is(f, Process::starting) && f.data == Data::primary;
}
bool data_gone_protected(G g, F f) {
    return no_data(g, f) && g.data_protected;
}
bool nobody_to_copy(G g, F f) {
    return no_data(g, f) && !g.upstream;
}
bool diverged(G g, F f) {
    return stopped(g, f) && f.judged == Judged::diverged;
}
bool diverged_protected(G g, F f) {
    return diverged(g, f) && g.data_protected;
}
bool diverged_not_allowed(G g, F f) {
    return diverged(g, f) && !g.rebuild_allowed;
}
bool unjudged(G g, F f) {
    return stopped(g, f) && f.judged == Judged::unknown &&
           (f.data == Data::primary || f.must_judge);
}
bool unjudged_alone(G g, F f) {
    return unjudged(g, f) && !g.upstream;
}
bool stream_broken(G g, F f) {
    return runs_standby(g, f) && f.stream_broken && !g.data_protected;
}
bool standby_slots_differ(G g, F f) {
    return runs_standby(g, f) && !f.slots_kept;
}
bool hold_wanted(G g, F f) {
    return runs_standby(g, f) && g.hold_replay && f.streaming;
}

using enum DutyKind;

constexpr std::array rules = {
    // No member, or nobody to follow yet: no server runs.
    DutyRule{Role::none, foreign, block, "the data folder is not this agent's: it is not touched"},
    DutyRule{Role::none, may_write, fence, "no primary of the record: it must not serve"},
    DutyRule{Role::none, ending, wait, "what is left of the server is being ended"},
    DutyRule{Role::none, runs_standby, stop, "nobody to follow"},
    DutyRule{Role::none, ticket_left, remove_ticket, "nobody shall start it"},
    DutyRule{Role::none, otherwise, rest, "no server has to run here"},

    DutyRule{Role::primary, foreign, block,
             "the data folder is not this agent's: it is not touched"},
    DutyRule{Role::primary, leftover, fence, "processes of a dead server are left"},
    DutyRule{Role::primary, ending, wait, "what is left of the server is being ended"},
    DutyRule{Role::primary, starting, wait, "the server does not answer yet"},
    DutyRule{Role::primary, unknown, inspect, "the data folder was not looked at yet"},
    DutyRule{Role::primary, other, block, "the data folder holds no database"},
    DutyRule{Role::primary, forms_from_snapshot, restore,
             "a new pair: its database is made from a snapshot"},
    DutyRule{Role::primary, forms, initialise, "a new pair: its database is made here"},
    DutyRule{Role::primary, no_data, block,
             "the primary's data folder is gone or half made; nothing is made in its place"},
    DutyRule{Role::primary, served_but_replays, block,
             "it served this epoch already, yet its data is a standby's: somebody changed it"},
    DutyRule{Role::primary, stop_unread, read_stop,
             "an operator asked for a switchover: where does its log end?"},
    DutyRule{Role::primary, awaits_word, wait,
             "stopped cleanly for a switchover: the controller decides who serves"},
    DutyRule{Role::primary, start_held, wait,
             "held back: it died right after its last starts, or its disk is full or hangs"},
    DutyRule{Role::primary, must_replay_first, start_replaying,
             "it shall be promoted: it first replays what it has"},
    DutyRule{Role::primary, stopped_may_start, start_primary, "it may be started as primary (R5)"},
    DutyRule{Role::primary, stopped, ask_to_start,
             "a controller must read the record before it is started as primary (R5)"},
    DutyRule{Role::primary, runs_standby, promote, "the record names it primary"},
    DutyRule{Role::primary, unfinished, promote, "finishes what its promotion left to do"},
    DutyRule{Role::primary, ticket_differs, apply_ticket,
             "the record changed whom commits wait for"},
    DutyRule{Role::primary, hand_over_due, hand_over, "an operator asked for a switchover"},
    DutyRule{Role::primary, slots_differ, keep_slots,
             "keeps what the pair's members need, and drops the rest"},
    DutyRule{Role::primary, proof_possible, prove, "sees the engine hold a commit for the standby"},
    DutyRule{Role::primary, proof_wanted, wait, "the granted standby does not stream yet"},
    DutyRule{Role::primary, otherwise, rest, "serves"},

    DutyRule{Role::standby, foreign, block,
             "the data folder is not this agent's: it is not touched"},
    DutyRule{Role::standby, runs_primary, fence, "the record names another primary"},
    DutyRule{Role::standby, may_come_up_writable, fence,
             "it may come up writable, and the record names another primary"},
    DutyRule{Role::standby, leftover, fence, "processes of a dead server are left"},
    DutyRule{Role::standby, ending, wait, "what is left of the server is being ended"},
    DutyRule{Role::standby, unknown, inspect, "the data folder was not looked at yet"},
    DutyRule{Role::standby, starting, wait, "the server does not answer yet"},
    DutyRule{Role::standby, other, block, "the data folder holds no database"},
    DutyRule{Role::standby, data_gone_protected, block,
             "its data is gone while commits count on it: it is not replaced (R10)"},
    DutyRule{Role::standby, nobody_to_copy, wait, "no member to copy from yet"},
    DutyRule{Role::standby, no_data, clone, "it has no data: copies the primary's"},
    DutyRule{Role::standby, diverged_protected, block,
             "its data left the primary's history while commits count on it: not replaced (R10)"},
    DutyRule{Role::standby, diverged_not_allowed, block,
             "its data left the primary's history, and replacing it is not allowed now"},
    DutyRule{Role::standby, diverged, replace,
             "its data left the primary's history: kept aside (R8), then brought back"},
    DutyRule{Role::standby, unjudged_alone, wait, "no member to compare its data with yet"},
    DutyRule{Role::standby, unjudged, judge, "it was primary or lost its stream: has it diverged?"},
    DutyRule{Role::standby, start_held, wait,
             "held back: it died right after its last starts, or its disk is full or hangs"},
    DutyRule{Role::standby, stopped, start_standby, "follows the primary"},
    DutyRule{Role::standby, stream_broken, stop,
             "it does not stream though the primary answers: its data must be judged again"},
    DutyRule{Role::standby, ticket_differs, apply_ticket, "the record changed whom it follows"},
    DutyRule{Role::standby, standby_slots_differ, keep_slots, "a standby keeps nobody's slots"},
    DutyRule{Role::standby, hold_wanted, hold_replay, "the primary proves that commits wait"},
    DutyRule{Role::standby, otherwise, rest, "follows the primary"},
};

constexpr bool total() {
    for (const Role role : {Role::none, Role::primary, Role::standby}) {
        const DutyRule* last = nullptr;
        for (const auto& rule : rules) {
            last = rule.role == role ? &rule : last;
        }
        if (last == nullptr || last->when != otherwise) {
            return false;
        }
    }
    return true;
}
static_assert(total(), "next_duty() must be total");

constexpr std::array<std::pair<DutyKind, std::string_view>, 23> names = {{
    {rest, "rest"},
    {wait, "wait"},
    {block, "block"},
    {inspect, "inspect"},
    {fence, "fence"},
    {stop, "stop"},
    {remove_ticket, "remove the ticket"},
    {initialise, "initialise"},
    {restore, "restore"},
    {start_primary, "start as primary"},
    {ask_to_start, "ask to start"},
    {start_standby, "start as standby"},
    {start_replaying, "start to replay"},
    {promote, "promote"},
    {apply_ticket, "apply the ticket"},
    {keep_slots, "keep slots"},
    {prove, "prove"},
    {hand_over, "hand over"},
    {read_stop, "read where the log ends"},
    {clone, "clone"},
    {judge, "judge"},
    {replace, "replace"},
    {hold_replay, "hold replay"},
}};

} // namespace

std::string_view to_string(DutyKind kind) {
    const auto* found = std::ranges::find(names, kind, [](const auto& name) { return name.first; });
    return found == names.end() ? "unknown" : found->second;
}

std::span<const DutyRule> duty_rules() {
    return rules;
}

Duty choose(std::span<const DutyRule> table, const Goal& goal, const LocalFacts& facts) {
    for (const auto& rule : table) {
        if (rule.role == goal.role && rule.when(goal, facts)) {
            return {rule.kind, rule.because};
        }
    }
    return {DutyKind::block, "no rule says what to do: this is a bug"};
}

Duty next_duty(const Goal& goal, const LocalFacts& facts) {
    return choose(rules, goal, facts);
}

bool must_fence_first(const Goal& told, const LocalFacts& facts) {
    const bool may_come_up = is(facts, Process::starting) && facts.data != Data::standby;
    return told.role != Role::primary && (is(facts, Process::primary) || may_come_up);
}

} // namespace lockstep
