#include "snapshots/decision/chains.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace lockstep::snapshots {
namespace {

constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();

} // namespace

Chains::Chains(const Catalogue& catalogue) : catalogue_(&catalogue) {
    for (const LogSegment& segment : catalogue.log) {
        of_segment_.push_back(life_of(segment.system_id, segment.history));
    }
    for (const Snapshot& snapshot : catalogue.snapshots) {
        life_of(snapshot.system_id, snapshot.end.history);
    }
    // Parents that nothing is left of are added at the end, so this loop sees them too.
    for (std::size_t i = 0; i < lives_.size(); ++i) {
        note_parents(static_cast<int>(i));
    }
    for (std::size_t i = 0; i < lives_.size(); ++i) {
        auto& limits = lives_[i].limits;
        limits.assign(lives_.size(), 0);
        limits[i] = no_limit;
        for (auto at = i; lives_[at].parent >= 0;) {
            const auto parent = static_cast<std::size_t>(lives_[at].parent);
            limits[parent] = std::min(limits[at], lives_[at].fork);
            lives_[i].depth += 1;
            at = parent;
        }
    }
    note_what_is_seen();
    for (std::size_t i = 0; i < lives_.size(); ++i) {
        lay_way(static_cast<int>(i));
    }
    put_in_order();
}

int Chains::find(const std::string& system_id, const History& history) const {
    const auto found = std::ranges::find_if(lives_, [&](const Life& life) {
        return life.history == history && life.system_id == system_id;
    });
    return found == lives_.end() ? -1 : static_cast<int>(found - lives_.begin());
}

int Chains::life_of(const std::string& system_id, const History& history) {
    if (const int there = find(system_id, history); there >= 0) {
        return there;
    }
    Life life;
    life.system_id = system_id;
    life.history = history;
    lives_.push_back(std::move(life));
    return static_cast<int>(lives_.size()) - 1;
}

void Chains::note_parents(int life) {
    const auto at = static_cast<std::size_t>(life);
    const auto fork = std::ranges::find_if(catalogue_->forks, [&](const HistoryFork& known) {
        return known.history == lives_[at].history;
    });
    if (fork == catalogue_->forks.end() || !fork->parent.known()) {
        return;
    }
    const std::string system_id = lives_[at].system_id;
    const int parent = life_of(system_id, fork->parent);
    lives_[at].parent = parent;
    lives_[at].fork = fork->fork;
}

void Chains::note_what_is_seen() {
    for (std::size_t i = 0; i < catalogue_->log.size(); ++i) {
        const LogSegment& segment = catalogue_->log[i];
        Life& life = lives_[static_cast<std::size_t>(of_segment_[i])];
        life.epoch = std::min(life.epoch, number(segment.epoch));
        if (segment.first_unix_ms != 0) {
            life.seen_unix_ms = std::min(life.seen_unix_ms, segment.first_unix_ms);
        }
        life.last_unix_ms = std::max(life.last_unix_ms, segment.last_unix_ms);
    }
    for (const Snapshot& snapshot : catalogue_->snapshots) {
        Life& life =
            lives_[static_cast<std::size_t>(find(snapshot.system_id, snapshot.end.history))];
        life.epoch = std::min(life.epoch, number(snapshot.epoch));
        life.seen_unix_ms = std::min(life.seen_unix_ms, snapshot.begun_unix_ms);
        life.last_unix_ms = std::max(life.last_unix_ms, snapshot.end_unix_ms);
    }
}

void Chains::lay_way(int life) {
    Life& target = lives_[static_cast<std::size_t>(life)];
    for (std::size_t i = 0; i < catalogue_->log.size(); ++i) {
        const LogSegment& segment = catalogue_->log[i];
        const auto owner = static_cast<std::size_t>(of_segment_[i]);
        const std::uint64_t limit = target.limits[owner];
        if (segment.from >= limit) {
            continue;
        }
        const bool whole = segment.to <= limit;
        target.way.push_back({&segment, segment.from, whole ? segment.to : limit,
                              whole ? segment.last_unix_ms : 0, segment.first_unix_ms,
                              segment.last_unix_ms, lives_[owner].depth});
    }
    std::ranges::sort(target.way, {}, [](const Piece& piece) {
        return std::tuple(piece.from, piece.to, piece.depth, std::string_view(piece.segment->name));
    });
}

void Chains::put_in_order() {
    // What is left of a parent may have been written late, under a child's epoch.
    std::vector<int> deepest_first(lives_.size());
    for (std::size_t i = 0; i < lives_.size(); ++i) {
        deepest_first[i] = static_cast<int>(i);
    }
    const auto at = [&](int life) -> Life& { return lives_[static_cast<std::size_t>(life)]; };
    std::ranges::sort(deepest_first, std::greater{}, [&](int life) { return at(life).depth; });
    std::map<std::string, std::int64_t> system_seen;
    for (const int life : deepest_first) {
        if (at(life).parent >= 0) {
            Life& parent = at(at(life).parent);
            parent.epoch = std::min(parent.epoch, at(life).epoch);
        }
        const auto seen = system_seen.emplace(at(life).system_id, at(life).seen_unix_ms).first;
        seen->second = std::min(seen->second, at(life).seen_unix_ms);
    }
    order_ = std::move(deepest_first);
    std::ranges::sort(order_, {}, [&](int life) {
        const Life& one = at(life);
        return std::tuple(one.epoch, system_seen.at(one.system_id), std::string_view(one.system_id),
                          one.depth, one.seen_unix_ms, std::string_view(one.history.text));
    });
}

std::uint64_t Chains::limit(int life, int ancestor) const {
    return lives_[static_cast<std::size_t>(life)].limits[static_cast<std::size_t>(ancestor)];
}

bool Chains::leads_to(const Snapshot& snapshot, int life) const {
    const int own = find(snapshot.system_id, snapshot.end.history);
    return own >= 0 && snapshot.end.offset_bytes <= limit(life, own) && limit(life, own) > 0;
}

Reach Chains::follow(int life, std::uint64_t from, Until until) const {
    const auto& way = lives_[static_cast<std::size_t>(life)].way;
    Reach reach;
    reach.offset = from;
    const auto done = [&] {
        return (until.offset || until.after_unix_ms) &&
               (!until.offset || reach.offset >= *until.offset) &&
               (!until.after_unix_ms || reach.last_unix_ms > *until.after_unix_ms);
    };
    std::size_t next = 0;
    const Piece* best = nullptr;
    while (!done()) {
        for (; next < way.size() && way[next].from <= reach.offset; ++next) {
            // Of two that go equally far the later history's: it alone holds what follows.
            if (best == nullptr || way[next].to > best->to ||
                (way[next].to == best->to && way[next].depth >= best->depth)) {
                best = &way[next];
            }
        }
        if (best == nullptr || best->to <= reach.offset) {
            break;
        }
        reach.offset = best->to;
        reach.last_unix_ms = std::max(reach.last_unix_ms, best->last_unix_ms);
        reach.perhaps_unix_ms = std::max(reach.perhaps_unix_ms, best->perhaps_unix_ms);
        reach.log.push_back(best->segment);
    }
    return reach;
}

} // namespace lockstep::snapshots
