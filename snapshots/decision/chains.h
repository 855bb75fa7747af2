#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "snapshots/decision/catalogue.h"

namespace lockstep::snapshots {

/// A stretch of log as far as it lies on the way to a life.
struct Piece {
    const LogSegment* segment = nullptr;
    std::uint64_t from = 0;
    std::uint64_t to = 0; // Where the way leaves the segment's history, if that is earlier.
    std::int64_t last_unix_ms = 0; // 0: no commit that is known to be on the way.
    std::int64_t first_unix_ms = 0;
    std::int64_t perhaps_unix_ms = 0; // The last commit of the whole segment.
    int depth = 0;                    // Of the segment's history.
};

/// One history of one database, with the way that leads to it.
///
/// The way is the history and its ancestors, each up to where the next one left it. Everything
/// before a fork is common to parent and child, so log of the child that begins before the fork
/// counts from its begin on; log of the parent counts up to the fork only.
struct Life {
    std::string system_id;
    History history;
    int parent = -1; // Index; -1: none is known.
    std::uint64_t fork = 0;
    int depth = 0;
    std::vector<std::uint64_t> limits; // By index of an ancestor: how far it is on the way.
    std::vector<Piece> way;            // In order of `from`.

    // What is seen of the time in which it was the pair's.
    std::uint64_t epoch =
        std::numeric_limits<std::uint64_t>::max(); // The lowest, descendants' too.
    std::int64_t seen_unix_ms = std::numeric_limits<std::int64_t>::max();
    std::int64_t last_unix_ms = 0; // The last commit in its log and snapshots; 0: none.
};

/// Log from a place on, as far as it goes without a gap.
struct Reach {
    std::uint64_t offset = 0;
    std::int64_t last_unix_ms = 0;    // The last commit that is known to be in it; 0: none.
    std::int64_t perhaps_unix_ms = 0; // No later one is in it.
    std::vector<const LogSegment*> log;
};

/// What `follow` goes on until; it stops as soon as all that is set is reached.
struct Until {
    std::optional<std::uint64_t> offset;
    std::optional<std::int64_t> after_unix_ms; // Until a later commit than this one is there.
};

/// A catalogue's lives, and what lies on the way to each. Refers to the catalogue, which must be
/// one that check() accepts and must stay as it is.
class Chains {
public:
    explicit Chains(const Catalogue& catalogue);

    [[nodiscard]] const Catalogue& catalogue() const { return *catalogue_; }
    [[nodiscard]] const std::vector<Life>& lives() const { return lives_; }
    /// The lives in the order in which they were the pair's, the present one last.
    [[nodiscard]] const std::vector<int>& order() const { return order_; }
    /// -1: there is no such life.
    [[nodiscard]] int find(const std::string& system_id, const History& history) const;
    /// -1: the catalogue is empty.
    [[nodiscard]] int present() const { return order_.empty() ? -1 : order_.back(); }

    /// How far `ancestor` is on the way to `life`; 0: not at all.
    [[nodiscard]] std::uint64_t limit(int life, int ancestor) const;
    /// Whether `snapshot` lies on the way to `life` (sound or not, and whatever log there is).
    [[nodiscard]] bool leads_to(const Snapshot& snapshot, int life) const;
    [[nodiscard]] Reach follow(int life, std::uint64_t from, Until until = {}) const;

private:
    int life_of(const std::string& system_id, const History& history);
    void note_parents(int life);
    void note_what_is_seen();
    void lay_way(int life);
    void put_in_order();

    const Catalogue* catalogue_;
    std::vector<Life> lives_;
    std::vector<int> of_segment_;
    std::vector<int> order_;
};

/// Where a restore of `snapshot` begins to read log of the repository.
[[nodiscard]] inline std::uint64_t reads_from(const Snapshot& snapshot) {
    return snapshot.self_contained ? snapshot.end.offset_bytes : snapshot.begin.offset_bytes;
}

} // namespace lockstep::snapshots
