#include "snapshots/decision/restorable.h"

#include <algorithm>

#include "snapshots/decision/words.h"

namespace lockstep::snapshots {
namespace {

const Life& at(const Chains& chains, int life) {
    return chains.lives()[static_cast<std::size_t>(life)];
}

/// Calls `see(place, last commit up to it)` for all that is there on a way. What is known of a
/// commit's place is where its log or snapshot ends.
template <class See> void see_all(const Chains& chains, int life, See see) {
    for (const Piece& piece : at(chains, life).way) {
        see(piece.to, piece.last_unix_ms);
    }
    for (const Snapshot& snapshot : chains.catalogue().snapshots) {
        if (chains.leads_to(snapshot, life)) {
            see(snapshot.end.offset_bytes, snapshot.end_unix_ms);
        }
    }
}

/// The last commit of what is there of an ancestor after the way to `life` had left it. Of a piece
/// that another way cuts short only the whole segment's last commit is known.
std::optional<std::int64_t> last_after_leaving(const Chains& chains, int life, int ancestor) {
    const std::uint64_t limit = chains.limit(life, ancestor);
    std::optional<std::int64_t> last;
    const auto see = [&](std::uint64_t place, std::int64_t seen) {
        if (place > limit) {
            last = std::max(last.value_or(seen), seen);
        }
    };
    see_all(chains, ancestor, see);
    for (const Piece& piece : at(chains, ancestor).way) {
        see(piece.to, piece.perhaps_unix_ms);
    }
    return last;
}

/// Between the end of what an ancestor wrote after the way had left it, as far as that is there,
/// and the first commit of what came then. Returns that end.
std::optional<std::int64_t> went_on(const Chains& chains, int life, std::int64_t unix_ms) {
    for (int step = at(chains, life).parent; step >= 0; step = at(chains, step).parent) {
        const auto last = last_after_leaving(chains, life, step);
        if (!last || unix_ms <= *last) {
            continue;
        }
        const auto birth = birth_after(chains, life, step);
        if (!birth || unix_ms < *birth) {
            return last;
        }
    }
    return std::nullopt;
}

} // namespace

std::string in_words(const Gap& gap) {
    std::string text = "log from " + std::to_string(gap.from) + " to " + std::to_string(gap.to) +
                       " of history \"" + gap.history.text + "\" is missing";
    if (gap.after_unix_ms != 0) {
        text += ", after the commit of " + utc(gap.after_unix_ms);
    }
    return text;
}

std::optional<Span> span_of(const Chains& chains, const Snapshot& snapshot, int life) {
    if (!sound(snapshot) || !chains.leads_to(snapshot, life)) {
        return std::nullopt;
    }
    const Reach reach = chains.follow(life, reads_from(snapshot));
    if (reach.offset < snapshot.end.offset_bytes) {
        return std::nullopt;
    }
    return Span{&snapshot,
                life,
                snapshot.end_unix_ms,
                std::max(snapshot.end_unix_ms, reach.last_unix_ms),
                std::max(snapshot.end_unix_ms, reach.perhaps_unix_ms),
                snapshot.end.offset_bytes,
                reach.offset};
}

std::vector<Span> spans_of(const Chains& chains) {
    std::vector<Span> spans;
    for (const int life : chains.order()) {
        for (const Snapshot& snapshot : chains.catalogue().snapshots) {
            if (auto span = span_of(chains, snapshot, life)) {
                spans.push_back(*span);
            }
        }
    }
    return spans;
}

std::string why_not_restorable(const Chains& chains, const Snapshot& snapshot) {
    if (!sound(snapshot)) {
        return "it is damaged: " + snapshot.damage;
    }
    const int life = chains.find(snapshot.system_id, snapshot.end.history);
    const Reach reach = chains.follow(life, reads_from(snapshot));
    if (reach.offset >= snapshot.end.offset_bytes) {
        return {};
    }
    return "log that makes it consistent is missing: it needs up to " +
           std::to_string(snapshot.end.offset_bytes) + " of history \"" +
           at(chains, life).history.text + "\"" + ", there is none after " +
           std::to_string(reach.offset);
}

std::vector<Gap> gaps_after(const Chains& chains, int life, std::uint64_t from) {
    const Life& target = at(chains, life);
    std::vector<Gap> gaps;
    std::uint64_t offset = from;
    std::int64_t last_unix_ms = 0;
    for (const Piece& piece : target.way) {
        if (piece.from > offset) {
            gaps.push_back({target.system_id, target.history, offset, piece.from, last_unix_ms,
                            piece.first_unix_ms});
        }
        if (piece.to > offset) {
            offset = piece.to;
        }
        if (piece.to > from) {
            last_unix_ms = std::max(last_unix_ms, piece.last_unix_ms);
        }
    }
    return gaps;
}

std::optional<std::int64_t> birth_after(const Chains& chains, int life, int ancestor) {
    const auto last = last_after_leaving(chains, life, ancestor);
    if (!last) {
        return std::nullopt;
    }
    const std::uint64_t limit = chains.limit(life, ancestor);
    std::optional<std::int64_t> birth;
    const auto see = [&](std::uint64_t place, std::int64_t seen) {
        if (place > limit && seen > *last && (!birth || seen < *birth)) {
            birth = seen;
        }
    };
    // What lies across the fork may begin, and even end, with a commit of the ancestor's.
    see_all(chains, life, see);
    for (const Piece& piece : at(chains, life).way) {
        see(piece.from >= limit ? piece.to : 0, piece.first_unix_ms);
    }
    return birth;
}

std::string nobodys_time(const Chains& chains, int life, std::int64_t unix_ms) {
    const auto last = went_on(chains, life, unix_ms);
    if (!last) {
        return {};
    }
    return "what the pair committed after " + utc(*last) +
           ", on a history that it left later, is not in the repository";
}

Lived life_at(const Chains& chains, std::int64_t unix_ms) {
    const auto found = std::ranges::find_if(
        chains.order(), [&](int life) { return at(chains, life).last_unix_ms >= unix_ms; });
    const int life = found == chains.order().end() ? chains.present() : *found;
    return {life, life < 0 ? "" : nobodys_time(chains, life, unix_ms)};
}

namespace {

std::optional<Gap> first_gap(const Chains& chains, int life, std::uint64_t from) {
    auto gaps = gaps_after(chains, life, from);
    return gaps.empty() ? std::nullopt : std::optional<Gap>(std::move(gaps.front()));
}

} // namespace

Restorable restorable(const Chains& chains) {
    Restorable answer;
    std::optional<Span> latest;
    std::optional<std::uint64_t> first_place;
    for (const Span& span : spans_of(chains)) {
        if (!answer.earliest_unix_ms || span.from_unix_ms < *answer.earliest_unix_ms) {
            answer.earliest_unix_ms = span.from_unix_ms;
        }
        if (span.life != chains.present()) {
            continue;
        }
        first_place = std::min(first_place.value_or(span.from), span.from);
        if (!latest || span.to > latest->to) {
            latest = span;
        }
    }
    if (!latest) {
        return answer;
    }
    const Life& life = at(chains, latest->life);
    answer.latest_unix_ms = latest->to_unix_ms;
    answer.latest_from = latest->snapshot->id;
    answer.latest_at = {life.history, latest->to};
    answer.stopped_by = first_gap(chains, latest->life, latest->to);
    answer.gaps = gaps_after(chains, latest->life, *first_place);
    return answer;
}

} // namespace lockstep::snapshots
