#include "snapshots/decision/retention.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "snapshots/decision/restorable.h"
#include "snapshots/decision/words.h"

namespace lockstep::snapshots {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr int most_days = 35;
constexpr int largest_minimum = 100;
constexpr auto incomplete_sentence =
    "something in the repository cannot be read, and may need it: nothing goes until it can";

/// What a snapshot holds on to.
enum class Holds {
    nothing, // It goes, or is damaged.
    itself,  // The log that makes it consistent.
    times,   // All log from its begin on.
};

struct Entry {
    const Snapshot* snapshot = nullptr;
    Holds holds = Holds::itself;
    bool goes = false;
    std::string why;
    std::vector<Span> spans; // A way each.
};

std::string days_in_words(int days) {
    return std::to_string(days) + (days == 1 ? " day" : " days");
}

bool under_retention(const Snapshot& snapshot) {
    return snapshot.kind == SnapshotKind::automated && !snapshot.keep;
}

/// The retention of one catalogue, worked out step by step.
class Planner {
public:
    Planner(const RetentionInput& input, const std::set<std::string>& spared)
        : input_(input), spared_(spared), chains_(input.catalogue),
          window_unix_ms_(input.now_unix_ms - input.retention.days * day_ms) {
        for (const Snapshot& snapshot : input.catalogue.snapshots) {
            entries_.push_back({&snapshot, Holds::itself, false, {}, {}});
        }
        std::ranges::sort(entries_, {}, [](const Entry& entry) {
            const Snapshot& one = *entry.snapshot;
            return std::tuple(one.end_unix_ms, one.epoch, one.end.offset_bytes,
                              std::string_view(one.id));
        });
        for (Entry& entry : entries_) {
            find_spans(entry);
        }
    }

    RetentionPlan plan() {
        find_what_holds_times();
        protect_the_last_good();
        for (Entry& entry : entries_) {
            judge(entry);
            if (entry.goes && spared_.contains(entry.snapshot->id)) {
                entry.goes = false;
                entry.holds = sound(*entry.snapshot) ? Holds::times : Holds::nothing;
            }
        }
        if (input_.incomplete) {
            spare_all();
        }
        RetentionPlan plan;
        for (const Entry& entry : entries_) {
            const Snapshot& one = *entry.snapshot;
            plan.snapshots.push_back({one.id, one.system_id, entry.goes, one.bytes, entry.why});
        }
        for (const LogSegment& segment : input_.catalogue.log) {
            plan.log.push_back(judge(segment));
        }
        for (const auto* verdicts : {&plan.snapshots, &plan.log}) {
            for (const Verdict& verdict : *verdicts) {
                (verdict.goes ? plan.freed_bytes : plan.kept_bytes) += verdict.bytes;
            }
        }
        return plan;
    }

private:
    void find_spans(Entry& entry) {
        for (const int life : chains_.order()) {
            if (const auto span = span_of(chains_, *entry.snapshot, life)) {
                entry.spans.push_back(*span);
            }
        }
    }

    /// Whether every time that `span` may hold within the retention can be had from snapshots that
    /// hold times, this one left out.
    [[nodiscard]] bool had_without(const Entry& without, const Span& span) const {
        std::int64_t from = std::max(span.from_unix_ms, window_unix_ms_);
        for (bool moved = true; moved && from <= span.perhaps_unix_ms;) {
            moved = false;
            for (const Entry& other : entries_) {
                if (&other == &without || other.holds != Holds::times) {
                    continue;
                }
                for (const Span& one : other.spans) {
                    if (one.life == span.life && one.from_unix_ms <= from &&
                        one.to_unix_ms >= from) {
                        from = one.to_unix_ms + 1;
                        moved = true;
                    }
                }
            }
        }
        return from > span.perhaps_unix_ms;
    }

    void find_what_holds_times() {
        for (Entry& entry : entries_) {
            entry.holds = sound(*entry.snapshot) ? Holds::times : Holds::nothing;
        }
        for (Entry& entry : entries_) { // The oldest first: it is the one to be spared.
            if (entry.holds != Holds::times || entry.snapshot->end_unix_ms >= window_unix_ms_) {
                continue;
            }
            if (std::ranges::all_of(entry.spans,
                                    [&](const Span& span) { return had_without(entry, span); })) {
                entry.holds = Holds::itself;
            }
        }
    }

    [[nodiscard]] bool restorable_itself(const Entry& entry) const {
        return sound(*entry.snapshot) && !entry.spans.empty();
    }

    /// RDS_E2, RDS_V5: the newest `minimum` that can be restored stay, however old, and with them
    /// all the times that they serve.
    void protect_the_last_good() {
        if (input_.pair_deleted) {
            return;
        }
        int left = std::max(input_.retention.minimum, 1);
        for (auto entry = entries_.rbegin(); entry != entries_.rend() && left > 0; ++entry) {
            if (!under_retention(*entry->snapshot) || !restorable_itself(*entry)) {
                continue;
            }
            entry->holds = Holds::times;
            entry->why = why_protected(*entry);
            --left;
        }
    }

    [[nodiscard]] std::string why_protected(const Entry& entry) const {
        std::string unfit;
        for (const Entry& other : entries_) {
            if (&other > &entry && !restorable_itself(other)) {
                unfit = other.snapshot->id;
            }
        }
        const std::string least = std::to_string(std::max(input_.retention.minimum, 1));
        if (unfit.empty()) {
            return "one of the last " + least + " automated snapshots, which always stay";
        }
        return "its expiry is frozen: it is one of the last " + least +
               " good ones, and a newer one (" + unfit + ") cannot be restored";
    }

    void judge(Entry& entry) {
        const Snapshot& one = *entry.snapshot;
        const auto age_ms = input_.now_unix_ms - one.end_unix_ms;
        if (one.keep) {
            entry.why = "an operator said that it is to be kept";
        } else if (one.kind != SnapshotKind::automated) {
            entry.why = "only an operator deletes a " +
                        std::string(one.kind == SnapshotKind::manual ? "manual" : "final") +
                        " snapshot";
        } else if (input_.pair_deleted && !input_.retained) {
            drop(entry,
                 "its pair was deleted, and its automated snapshots were not to be retained");
        } else if (!entry.why.empty()) {
            return; // Protected.
        } else if (age_ms < input_.retention.days * day_ms) {
            entry.why = "it is " + span_in_words(std::max<std::int64_t>(age_ms, 0)) +
                        " old, and stays for " + days_in_words(input_.retention.days);
        } else if (!restorable_itself(entry)) {
            drop(entry, "it is " + span_in_words(age_ms) +
                            " old, and cannot be restored: " + why_not_restorable(chains_, one));
        } else if (entry.holds == Holds::times) {
            entry.why = "it is " + span_in_words(age_ms) + " old, but times since " +
                        utc(window_unix_ms_) + " can be restored only from it";
        } else {
            drop(entry, "it is " + span_in_words(age_ms) + " old, the retention is " +
                            days_in_words(input_.retention.days) +
                            ", and every time within that can be restored without it");
        }
    }

    void spare_all() {
        for (Entry& entry : entries_) {
            if (entry.goes) {
                entry.goes = false;
                entry.why = incomplete_sentence;
            }
        }
    }

    static void drop(Entry& entry, std::string why) {
        entry.goes = true;
        entry.holds = Holds::nothing;
        entry.why = std::move(why);
    }

    /// Whether the piece serves a restore of the snapshot on some way.
    [[nodiscard]] bool needs(const Entry& entry, const LogSegment& segment) const {
        if (entry.holds == Holds::nothing || entry.snapshot->system_id != segment.system_id) {
            return false;
        }
        const Snapshot& one = *entry.snapshot;
        const int owner = chains_.find(segment.system_id, segment.history);
        const int own = chains_.find(one.system_id, one.end.history);
        for (const int life : chains_.order()) {
            const auto to = std::min(segment.to, chains_.limit(life, owner));
            if (to <= reads_from(one) || segment.from >= to || !chains_.leads_to(one, life)) {
                continue;
            }
            if (entry.holds == Holds::times ||
                (life == own && segment.from < one.end.offset_bytes)) {
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] bool is_dead(const LogSegment& segment) const {
        const auto owner =
            static_cast<std::size_t>(chains_.find(segment.system_id, segment.history));
        const auto last =
            segment.last_unix_ms != 0 ? segment.last_unix_ms : chains_.lives()[owner].last_unix_ms;
        return last < input_.now_unix_ms - (input_.retention.days + 1) * day_ms;
    }

    /// Whether a kept snapshot begins after it on its own way.
    [[nodiscard]] const Snapshot* superseded_by(const LogSegment& segment) const {
        const int owner = chains_.find(segment.system_id, segment.history);
        for (const Entry& entry : entries_) {
            const Snapshot& one = *entry.snapshot;
            const int own = chains_.find(one.system_id, one.end.history);
            if (entry.holds == Holds::times && one.begin.offset_bytes >= segment.to &&
                reads_from(one) >= segment.to && chains_.limit(own, owner) >= segment.to) {
                return &one;
            }
        }
        return nullptr;
    }

    Verdict judge(const LogSegment& segment) const {
        Verdict verdict{segment.name, segment.system_id, false, segment.bytes, {}};
        const auto holder = std::ranges::find_if(
            entries_, [&](const Entry& entry) { return needs(entry, segment); });
        if (holder != entries_.end()) {
            verdict.why = "snapshot " + holder->snapshot->id + " needs it";
            return verdict;
        }
        if (input_.incomplete) {
            verdict.why = incomplete_sentence;
            return verdict;
        }
        if (input_.taking) {
            verdict.why = "a snapshot is being taken, which may need it";
            return verdict;
        }
        if (input_.pair_deleted) {
            verdict.goes = true;
            verdict.why = "its pair was deleted, and no snapshot that is kept needs it";
        } else if (const Snapshot* later = superseded_by(segment)) {
            verdict.goes = true;
            verdict.why = "it lies before the begin of snapshot " + later->id +
                          ", and no snapshot that is kept needs it";
        } else if (is_dead(segment)) {
            verdict.goes = true;
            verdict.why =
                "it is older than the retention, and no snapshot that is kept leads to it";
        } else {
            verdict.why = "a snapshot that is finished later may need it";
        }
        return verdict;
    }

    const RetentionInput& input_;
    const std::set<std::string>& spared_; // These stay, whatever else is said.
    Chains chains_;
    std::int64_t window_unix_ms_;
    std::vector<Entry> entries_;
};

const Verdict* verdict_on(const std::vector<Verdict>& verdicts, const Verdict& wanted) {
    const auto found = std::ranges::find_if(verdicts, [&](const Verdict& one) {
        return one.name == wanted.name && one.system_id == wanted.system_id;
    });
    return found == verdicts.end() ? nullptr : &*found;
}

void sort_out(const std::vector<Verdict>& planned, const std::vector<Verdict>& anew,
              std::vector<Verdict>& go, std::vector<Verdict>& dropped) {
    for (const Verdict& verdict : planned) {
        if (!verdict.goes) {
            continue;
        }
        const Verdict* now = verdict_on(anew, verdict);
        if (now != nullptr && now->goes && now->bytes == verdict.bytes) {
            go.push_back(*now);
            continue;
        }
        Verdict kept = verdict;
        kept.goes = false;
        kept.why = now == nullptr ? "it is not there any more"
                   : now->goes    ? "it is another one than when the plan was made"
                                  : now->why;
        dropped.push_back(std::move(kept));
    }
}

} // namespace

Result<void> check(const Retention& retention) {
    if (retention.days < 0 || retention.days > most_days) {
        return fail(Errc::refused, "the retention is 0 to " + std::to_string(most_days) +
                                       " days, not " + std::to_string(retention.days));
    }
    if (retention.minimum < 1 || retention.minimum > largest_minimum) {
        return fail(Errc::refused, "the least number of automated snapshots is 1 to " +
                                       std::to_string(largest_minimum) + ", not " +
                                       std::to_string(retention.minimum));
    }
    return {};
}

RetentionPlan plan_retention(const RetentionInput& input) {
    const std::set<std::string> nothing_spared;
    return Planner(input, nothing_spared).plan();
}

Confirmed confirm(const RetentionPlan& plan, const RetentionInput& now) {
    const RetentionPlan anew = plan_retention(now);
    Confirmed confirmed;
    sort_out(plan.snapshots, anew.snapshots, confirmed.snapshots, confirmed.dropped);
    // A snapshot that may go now but does not, needs its log.
    std::set<std::string> spared;
    for (const Verdict& verdict : anew.snapshots) {
        if (verdict.goes && verdict_on(confirmed.snapshots, verdict) == nullptr) {
            spared.insert(verdict.name);
        }
    }
    const RetentionPlan log = spared.empty() ? anew : Planner(now, spared).plan();
    sort_out(plan.log, log.log, confirmed.log, confirmed.dropped);
    return confirmed;
}

Result<void> may_delete(const Catalogue& catalogue, const std::string& id, Consent consent) {
    const auto found = std::ranges::find(catalogue.snapshots, id, &Snapshot::id);
    if (found == catalogue.snapshots.end()) {
        return fail(Errc::unreachable, "there is no snapshot " + id);
    }
    if (found->keep) {
        return fail(Errc::refused,
                    "snapshot " + id + " is to be kept: take that back first, then delete it");
    }
    const Chains chains(catalogue);
    const auto good = [&](const Snapshot& one) { return why_not_restorable(chains, one).empty(); };
    const bool another = std::ranges::any_of(
        catalogue.snapshots, [&](const Snapshot& one) { return one.id != id && good(one); });
    if (good(*found) && !another && consent != Consent::even_the_last) {
        return fail(Errc::refused, "snapshot " + id +
                                       " is the last one of its pair that can be restored: take "
                                       "another one first");
    }
    return {};
}

} // namespace lockstep::snapshots
