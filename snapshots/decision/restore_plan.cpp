#include "snapshots/decision/restore_plan.h"

#include <algorithm>

#include "snapshots/decision/restorable.h"
#include "snapshots/decision/words.h"

namespace lockstep::snapshots {
namespace {

using Why = Refusal::Why;
using Planned = tl::expected<RestorePlan, Refusal>;

tl::unexpected<Refusal> refuse(Why why, std::string reason) {
    return tl::unexpected(Refusal{why, std::move(reason), {}, {}, {}, {}});
}

const Life& at(const Chains& chains, int life) {
    return chains.lives()[static_cast<std::size_t>(life)];
}

/// A target in the form in which all kinds are alike.
struct Goal {
    int life = -1;
    std::optional<std::int64_t> unix_ms;
    std::optional<std::uint64_t> place;
    bool consistent = false; // The end of the snapshot itself.
    bool oldest = false;     // The oldest snapshot instead of the newest.
};

bool ends_before(const Snapshot& snapshot, const Goal& goal) {
    return (!goal.unix_ms || snapshot.end_unix_ms <= *goal.unix_ms) &&
           (!goal.place || snapshot.end.offset_bytes <= *goal.place);
}

/// How much log a restore of it reads: with the end excluded, all that there is.
Until until(const Snapshot& snapshot, const Goal& goal) {
    if (goal.consistent) {
        return {snapshot.end.offset_bytes, std::nullopt};
    }
    if (goal.place) {
        return {std::max(*goal.place, snapshot.end.offset_bytes), std::nullopt};
    }
    if (goal.unix_ms) {
        return {snapshot.end.offset_bytes, goal.unix_ms};
    }
    return {};
}

bool arrives(const Snapshot& snapshot, const Goal& goal, const Reach& reach) {
    return reach.offset >= snapshot.end.offset_bytes &&
           (!goal.unix_ms || std::max(snapshot.end_unix_ms, reach.last_unix_ms) >= *goal.unix_ms) &&
           (!goal.place || reach.offset >= *goal.place);
}

/// The snapshots that may serve, the best first.
std::vector<const Snapshot*> candidates(const Chains& chains, const RestoreRequest& request,
                                        const Goal& goal) {
    std::vector<const Snapshot*> found;
    for (const Snapshot& snapshot : chains.catalogue().snapshots) {
        if (sound(snapshot) && chains.leads_to(snapshot, goal.life) &&
            (request.snapshot.empty() || request.snapshot == snapshot.id)) {
            found.push_back(&snapshot);
        }
    }
    std::ranges::sort(found, [&](const Snapshot* one, const Snapshot* other) {
        const auto place = one->end.offset_bytes;
        const auto other_place = other->end.offset_bytes;
        if (place != other_place) {
            return goal.oldest ? place < other_place : place > other_place;
        }
        return one->id < other->id;
    });
    return found;
}

std::vector<HistoryFork> forks_to(const Chains& chains, int life) {
    std::vector<HistoryFork> forks;
    for (int step = life; step >= 0; step = at(chains, step).parent) {
        const Life& one = at(chains, step);
        const History parent = one.parent < 0 ? History{} : at(chains, one.parent).history;
        forks.push_back({one.history, parent, one.fork});
    }
    std::ranges::reverse(forks);
    return forks;
}

RestorePlan made_of(const Chains& chains, const RestoreRequest& request, const Goal& goal,
                    const Snapshot& snapshot, const Reach& reach) {
    RestorePlan plan;
    plan.snapshot = snapshot;
    plan.history = at(chains, goal.life).history;
    plan.target = request.target;
    if (plan.target.position) {
        plan.target.position->history = plan.history;
    }
    plan.forks = forks_to(chains, goal.life);
    plan.bytes = snapshot.bytes;
    for (const LogSegment* segment : reach.log) {
        plan.log.push_back(*segment);
        plan.bytes += segment->bytes;
    }
    plan.reaches_unix_ms = std::max(snapshot.end_unix_ms, reach.last_unix_ms);
    plan.to_end_of_log = !goal.consistent &&
                         chains.follow(goal.life, reach.offset).offset == reach.offset &&
                         (!goal.unix_ms || plan.reaches_unix_ms <= *goal.unix_ms) &&
                         (!goal.place || reach.offset <= *goal.place);
    return plan;
}

std::string in_words(const Goal& goal) {
    if (goal.unix_ms) {
        return utc(*goal.unix_ms);
    }
    return goal.place ? "place " + std::to_string(*goal.place) : "the end of the log";
}

/// No candidate arrived: says of the best one why.
tl::unexpected<Refusal> no_way(const Chains& chains, const RestoreRequest& request,
                               const Goal& goal) {
    const auto found = candidates(chains, request, goal);
    if (found.empty()) {
        return refuse(Why::no_snapshot, "no sound snapshot leads to history \"" +
                                            at(chains, goal.life).history.text + "\"");
    }
    const auto fits =
        std::ranges::find_if(found, [&](const Snapshot* one) { return ends_before(*one, goal); });
    if (fits == found.end()) {
        const Snapshot& first = *found.back();
        const bool during = goal.unix_ms && *goal.unix_ms >= first.begun_unix_ms;
        return refuse(Why::too_early, in_words(goal) +
                                          (during ? " lies in the time in which" : " lies before") +
                                          " snapshot " + first.id + (during ? " was taken" : "") +
                                          ", which is complete from " + utc(first.end_unix_ms) +
                                          " on, and no earlier one leads there");
    }
    const Snapshot& best = **fits;
    const Reach reach = chains.follow(goal.life, reads_from(best));
    const auto gaps = gaps_after(chains, goal.life, reach.offset);
    if (!gaps.empty() || reach.offset < best.end.offset_bytes) {
        const std::string what =
            gaps.empty() ? why_not_restorable(chains, best) : snapshots::in_words(gaps.front());
        return refuse(Why::missing_log,
                      in_words(goal) + " cannot be reached from snapshot " + best.id + ": " + what);
    }
    return refuse(Why::too_late, in_words(goal) +
                                     " lies after the last commit in the repository, which is of " +
                                     utc(std::max(best.end_unix_ms, reach.last_unix_ms)) +
                                     " (place " + std::to_string(reach.offset) + ")");
}

Planned plan_for(const Chains& chains, const RestoreRequest& request, const Goal& goal) {
    for (const Snapshot* snapshot : candidates(chains, request, goal)) {
        if (!ends_before(*snapshot, goal)) {
            continue;
        }
        const Reach reach = chains.follow(goal.life, reads_from(*snapshot), until(*snapshot, goal));
        if (!arrives(*snapshot, goal, reach)) {
            continue;
        }
        // Where it is, is not known: only all of the log is sure to hold it.
        if (goal.oldest && !gaps_after(chains, goal.life, reach.offset).empty()) {
            continue;
        }
        return made_of(chains, request, goal, *snapshot, reach);
    }
    return no_way(chains, request, goal);
}

/// Whether a commit at or after the time lies in what the two lives have in common: then they held
/// the same at that time.
bool alike_at(const Chains& chains, int life, int descendant, std::int64_t unix_ms) {
    const std::uint64_t common = chains.limit(descendant, life);
    const auto proves = [&](std::uint64_t place, std::int64_t seen) {
        return place <= common && seen >= unix_ms;
    };
    return std::ranges::any_of(
               at(chains, descendant).way,
               [&](const Piece& piece) { return proves(piece.to, piece.last_unix_ms); }) ||
           std::ranges::any_of(chains.catalogue().snapshots, [&](const Snapshot& one) {
               return chains.leads_to(one, descendant) &&
                      proves(one.end.offset_bytes, one.end_unix_ms);
           });
}

Planned plan_for_time_on(const Chains& chains, const RestoreRequest& request, int life,
                         std::int64_t unix_ms) {
    if (auto nobodys = nobodys_time(chains, life, unix_ms); !nobodys.empty()) {
        return refuse(Why::nobodys_time, std::move(nobodys));
    }
    Goal goal;
    goal.life = life;
    goal.unix_ms = unix_ms;
    return plan_for(chains, request, goal);
}

Planned plan_for_time(const Chains& chains, const RestoreRequest& request, std::int64_t unix_ms) {
    const int lived = life_at(chains, unix_ms).life;
    auto plan = plan_for_time_on(chains, request, lived, unix_ms);
    // What is lost of one history may be there as a part of its child's.
    for (const int life : chains.order()) {
        if (!plan && life != lived && chains.limit(life, lived) > 0 &&
            alike_at(chains, lived, life, unix_ms)) {
            if (auto other = plan_for_time_on(chains, request, life, unix_ms)) {
                return other;
            }
        }
    }
    return plan;
}

/// Every time where what can be reached may begin or end.
void find_nearest_times(const Chains& chains, const RestoreRequest& request, std::int64_t unix_ms,
                        Refusal& refusal) {
    std::vector<std::int64_t> ends;
    for (const Span& span : spans_of(chains)) {
        ends.insert(ends.end(), {span.from_unix_ms, span.to_unix_ms});
    }
    for (const int life : chains.order()) {
        const auto last = at(chains, life).last_unix_ms;
        ends.insert(ends.end(), {last, last + 1});
        for (int step = at(chains, life).parent; step >= 0; step = at(chains, step).parent) {
            if (const auto birth = birth_after(chains, life, step)) {
                ends.push_back(*birth);
            }
        }
    }
    std::ranges::sort(ends);
    const auto [first, last] = std::ranges::unique(ends);
    ends.erase(first, last);
    const auto reachable = [&](std::int64_t time) {
        return plan_for_time(chains, request, time).has_value();
    };
    const auto later = std::ranges::upper_bound(ends, unix_ms);
    const auto after = std::find_if(later, ends.end(), reachable);
    if (after != ends.end()) {
        refusal.after_unix_ms = *after;
    }
    const auto before = std::find_if(std::make_reverse_iterator(later), ends.rend(),
                                     [&](auto time) { return time < unix_ms && reachable(time); });
    if (before != ends.rend()) {
        refusal.before_unix_ms = *before;
    }
}

void find_nearest_places(const Chains& chains, const RestoreRequest& request, const Goal& goal,
                         Refusal& refusal) {
    for (const Snapshot* snapshot : candidates(chains, request, goal)) {
        const auto span = span_of(chains, *snapshot, goal.life);
        if (!span) {
            continue;
        }
        if (span->to < *goal.place) {
            refusal.before_place = std::max(refusal.before_place.value_or(0), span->to);
        }
        if (span->from > *goal.place) {
            refusal.after_place = std::min(refusal.after_place.value_or(span->from), span->from);
        }
    }
}

int targets_in(const RestoreTarget& target) {
    return (target.unix_ms ? 1 : 0) + (target.position ? 1 : 0) +
           (target.transaction.empty() ? 0 : 1) + (target.name.empty() ? 0 : 1) +
           (target.consistent ? 1 : 0);
}

Planned plan_for_place(const Chains& chains, const RestoreRequest& request, Goal goal) {
    const Position& position = *request.target.position;
    if (position.history.known()) {
        goal.life = -1;
        for (const int life : chains.order()) {
            if (at(chains, life).history == position.history) {
                goal.life = life; // The latest database that has such a history.
            }
        }
        if (goal.life < 0) {
            return refuse(Why::bad_request, "there is no log and no snapshot of history \"" +
                                                position.history.text + "\"");
        }
    }
    goal.place = position.offset_bytes;
    auto plan = plan_for(chains, request, goal);
    if (!plan) {
        find_nearest_places(chains, request, goal, plan.error());
    }
    return plan;
}

} // namespace

Planned plan_restore(const Chains& chains, const RestoreRequest& request) {
    const RestoreTarget& target = request.target;
    if (targets_in(target) > 1) {
        return refuse(Why::bad_request, "name one target: a time, a place, a transaction, a name "
                                        "or the snapshot's own end");
    }
    Goal goal;
    goal.life = chains.present();
    if (!request.snapshot.empty()) {
        const auto& all = chains.catalogue().snapshots;
        const auto named = std::ranges::find(all, request.snapshot, &Snapshot::id);
        if (named == all.end()) {
            return refuse(Why::bad_request, "there is no snapshot " + request.snapshot);
        }
        if (!sound(*named)) {
            return refuse(Why::no_snapshot,
                          "snapshot " + named->id + " is damaged: " + named->damage);
        }
        if (target.consistent || !chains.leads_to(*named, goal.life)) {
            goal.life = chains.find(named->system_id, named->end.history);
        }
    }
    if (goal.life < 0) {
        return refuse(Why::no_snapshot, "there is no snapshot and no log");
    }
    if (target.unix_ms) {
        auto plan = plan_for_time(chains, request, *target.unix_ms);
        if (!plan) {
            find_nearest_times(chains, request, *target.unix_ms, plan.error());
        }
        return plan;
    }
    if (target.position) {
        return plan_for_place(chains, request, goal);
    }
    goal.consistent = target.consistent;
    goal.oldest = !target.transaction.empty() || !target.name.empty();
    return plan_for(chains, request, goal);
}

std::string in_words(const Refusal& refusal) {
    std::string text = refusal.reason;
    if (refusal.before_unix_ms) {
        text += "; the nearest time before it is " + utc(*refusal.before_unix_ms);
    }
    if (refusal.after_unix_ms) {
        text += "; the nearest time after it is " + utc(*refusal.after_unix_ms);
    }
    if (refusal.before_place) {
        text += "; the nearest place before it is " + std::to_string(*refusal.before_place);
    }
    if (refusal.after_place) {
        text += "; the nearest place after it is " + std::to_string(*refusal.after_place);
    }
    return text;
}

} // namespace lockstep::snapshots
