#include "snapshots/decision/run_plan.h"

#include <algorithm>
#include <array>
#include <optional>

#include "snapshots/decision/words.h"

namespace lockstep::snapshots {
namespace {

using Why = TakeDecision::Why;

constexpr std::int64_t retry_ms = 3'600'000;
constexpr std::int64_t retry_cut_short_ms = 60'000; // A server that keeps ending is no busy loop.

/// The facts that the rules below ask about.
struct Facts {
    const RunInput* input = nullptr;
    std::int64_t now = 0;
    Opening opening; // The last one that has begun.
    Restorable times;
    const Attempt* latest = nullptr;     // Of all attempts.
    const Snapshot* last_good = nullptr; // The newest sound automated one.
    bool present_has_one = false;        // A snapshot that the present life is restored from.
};

Facts facts_of(const RunInput& input, const Chains& chains) {
    Facts facts;
    facts.input = &input;
    facts.now = input.retention.now_unix_ms;
    facts.opening = last_opening(input.window, input.zone, facts.now);
    facts.times = restorable(chains);
    facts.present_has_one = facts.times.latest_unix_ms.has_value();
    for (const Attempt& attempt : input.attempts) {
        if (facts.latest == nullptr || attempt.begun_unix_ms > facts.latest->begun_unix_ms) {
            facts.latest = &attempt;
        }
    }
    for (const Snapshot& snapshot : input.retention.catalogue.snapshots) {
        if (snapshot.kind == SnapshotKind::automated && sound(snapshot) &&
            (facts.last_good == nullptr ||
             snapshot.begun_unix_ms > facts.last_good->begun_unix_ms)) {
            facts.last_good = &snapshot;
        }
    }
    return facts;
}

bool pair_deleted(const Facts& facts) {
    return facts.input->retention.pair_deleted;
}
bool switched_off(const Facts& facts) {
    return facts.input->retention.retention.days == 0;
}
bool going_on(const Facts& facts) {
    return facts.input->retention.taking ||
           (facts.latest != nullptr && facts.latest->end == Attempt::End::none);
}
std::int64_t next_try(const Facts& facts) {
    if (facts.latest == nullptr || facts.latest->end == Attempt::End::success) {
        return 0;
    }
    const bool cut_short = facts.latest->end == Attempt::End::cut_short;
    return facts.latest->ended_unix_ms + (cut_short ? retry_cut_short_ms : retry_ms);
}
bool too_soon(const Facts& facts) {
    return facts.now < next_try(facts);
}
bool none_yet(const Facts& facts) {
    return !facts.present_has_one;
}
bool log_broken(const Facts& facts) {
    return facts.times.stopped_by.has_value();
}
bool not_taken(const Facts& facts) {
    return facts.last_good == nullptr ||
           facts.last_good->begun_unix_ms < facts.opening.from_unix_ms;
}
bool window_open(const Facts& facts) {
    return not_taken(facts) && facts.now < facts.opening.to_unix_ms;
}
bool otherwise(const Facts&) {
    return true;
}

struct Rule {
    bool (*holds)(const Facts&);
    Why why;
    bool take;
    const char* sentence;
};
// Read from top to bottom: the first rule that holds wins.
constexpr std::array rules = {
    Rule{pair_deleted, Why::deleted, false, "the pair was deleted"},
    Rule{switched_off, Why::switched_off, false,
         "automated snapshots are switched off: the retention is 0 days"},
    Rule{going_on, Why::going_on, false, "a snapshot is being taken"},
    Rule{too_soon, Why::waiting, false, "the last try failed, the next one follows"},
    Rule{none_yet, Why::first, true,
         "there is no snapshot from which the present database can be restored"},
    Rule{log_broken, Why::broken_log, true,
         "the log has a gap, and what came after it can be restored only from a new snapshot"},
    Rule{window_open, Why::due, true, "the backup window is open"},
    Rule{not_taken, Why::missed, true, "the backup window went by without a snapshot"},
    Rule{otherwise, Why::done, false, "nothing is due before the next backup window"},
};

/// One miss is enough: a window that went by, or a try that failed.
std::string alarm_of(const Facts& facts, Why why) {
    if (why == Why::deleted || why == Why::switched_off) {
        return {};
    }
    std::string alarm;
    if (facts.last_good != nullptr && not_taken(facts) && facts.now >= facts.opening.to_unix_ms) {
        alarm = "no automated snapshot was taken in the backup window of " +
                utc(facts.opening.from_unix_ms) + "; the last good one is " + facts.last_good->id;
    }
    if (facts.latest != nullptr && facts.latest->end == Attempt::End::failure) {
        alarm += (alarm.empty() ? "" : ". ") + std::string("The automated snapshot of ") +
                 utc(facts.latest->begun_unix_ms) + " failed: " + facts.latest->trouble;
    }
    if (facts.times.stopped_by) {
        alarm += (alarm.empty() ? "" : ". ") +
                 std::string("The latest restorable time stands at ") +
                 utc(*facts.times.latest_unix_ms) + ": " + in_words(*facts.times.stopped_by);
    }
    return alarm;
}

std::int64_t next_look(const Facts& facts, Why why) {
    switch (why) {
    case Why::deleted:
    case Why::switched_off:
    case Why::going_on: return 0;
    case Why::waiting: return next_try(facts);
    default: return next_opening(facts.input->window, facts.input->zone, facts.now).from_unix_ms;
    }
}

TakeDecision decide(const Facts& facts) {
    const auto* const rule =
        std::ranges::find_if(rules, [&](const Rule& one) { return one.holds(facts); });
    TakeDecision decision;
    decision.take = rule->take;
    decision.reason = rule->why;
    decision.why = rule->sentence;
    decision.alarm = alarm_of(facts, rule->why);
    decision.next_unix_ms = next_look(facts, rule->why);
    decision.bytes = facts.last_good == nullptr ? 0 : facts.last_good->bytes;
    return decision;
}

} // namespace

TakeDecision decide_take(const RunInput& input) {
    const Chains chains(input.retention.catalogue);
    return decide(facts_of(input, chains));
}

RunPlan plan_run(const RunInput& input) {
    const Chains chains(input.retention.catalogue);
    const Facts facts = facts_of(input, chains);
    RetentionInput retention = input.retention;
    retention.taking = going_on(facts);
    return {decide(facts), plan_retention(retention), facts.times};
}

} // namespace lockstep::snapshots
