#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "snapshots/decision/retention.h"

namespace lockstep::snapshots {

/// A pair's life with its repository, made up at random, in which every single commit is known: the
/// truth that the rules under test are judged by. It knows nothing of ways, spans or chains: a
/// restore is tried commit by commit.
class RandomWorld {
public:
    explicit RandomWorld(std::uint64_t seed);

    /// One more thing happens: commits, log, a snapshot, a failover, a gap, damage …
    void step();
    /// The catalogue of the repository as it is, entries in random order.
    [[nodiscard]] Catalogue catalogue();
    [[nodiscard]] RetentionInput retention_input();
    /// What happens between the making of a plan and its execution.
    void meddle();
    void remove(const std::vector<Verdict>& snapshots, const std::vector<Verdict>& log);

    [[nodiscard]] bool chance(int percent) { return below(100) < percent; }
    [[nodiscard]] int below(int limit) {
        return static_cast<int>(random_() % static_cast<std::uint64_t>(limit));
    }

    // The oracle ------------------------------------------------------------------------------

    struct Line { // A history.
        std::string system_id;
        History history;
        int parent = -1;
        std::uint64_t fork = 0;
        std::int64_t from_unix_ms = 0; // It was the pair's from here on.
        std::vector<int> commits; // All on its way, the ancestors' too; commit 1 is at place 1.
    };
    struct Kept {
        Snapshot snapshot;
        int line = 0;
        bool there = true;
    };
    struct Log {
        LogSegment segment;
        int line = 0;
        std::vector<int> commits; // What is really in it.
        bool there = true;
    };
    [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
    [[nodiscard]] const std::vector<Kept>& snapshots() const { return snapshots_; }
    [[nodiscard]] const std::vector<Log>& log() const { return log_; }
    [[nodiscard]] std::int64_t now() const { return now_; }
    [[nodiscard]] std::int64_t window_unix_ms() const;
    [[nodiscard]] std::int64_t time_of(int commit) const {
        return times_[static_cast<std::size_t>(commit)];
    }
    [[nodiscard]] bool is_on_way(int ancestor, int line) const;
    /// By place: whether some log object with that very commit is there, as far as a restore to
    /// `line` would look at it.
    [[nodiscard]] std::vector<bool> covered(int line) const;
    [[nodiscard]] std::vector<bool> covered(int line, const std::vector<LogSegment>& by) const;
    /// How far a restore of the snapshot to `line` comes; -1: not even to its own end.
    [[nodiscard]] std::int64_t reach(const Kept& kept, int line,
                                     const std::vector<bool>& covered) const;
    [[nodiscard]] int line_of(const std::string& system_id, const History& history) const;
    /// The line that was the pair's at a time; -1: before the first.
    [[nodiscard]] int line_at(std::int64_t unix_ms) const;
    /// Whether its way's parent went on after the fork, which a restore of the pair to an earlier
    /// time does, and a failover hardly.
    [[nodiscard]] bool was_replaced(int line) const;
    [[nodiscard]] std::string told() const; // What happened, for a failing seed.

private:
    template <class Given> std::vector<bool> covered_by(int line, Given given) const {
        const Line& target = lines_[static_cast<std::size_t>(line)];
        std::vector<bool> covered(target.commits.size() + 1, false);
        for (const Log& log : log_) {
            if (!is_on_way(log.line, line) || !given(log)) {
                continue;
            }
            for (std::size_t i = 0; i < log.commits.size(); ++i) {
                const auto place = static_cast<std::size_t>(log.segment.from) + i; // 0: commit 1.
                if (place < target.commits.size() && target.commits[place] == log.commits[i]) {
                    covered[place + 1] = true;
                }
            }
        }
        return covered;
    }
    void commit();
    void archive();
    void add_log(int line, std::uint64_t from, std::uint64_t to);
    void take();
    void fork_off(std::uint64_t fork);
    void upgrade();
    void damage_or_keep();
    void pass_time(std::int64_t most_ms);
    Line& present() { return lines_.back(); }
    std::uint64_t head() { return present().commits.size(); }
    void tell(const std::string& what) { told_ += what + "\n"; }

    std::mt19937_64 random_;
    std::vector<std::int64_t> times_;
    std::vector<Line> lines_;
    std::vector<Kept> snapshots_;
    std::vector<Log> log_;
    std::uint64_t archived_ = 0; // Of the present line.
    std::int64_t now_ = 1'000'000'000'000;
    std::uint64_t epoch_ = 1;
    Retention retention_;
    std::vector<bool> replaced_;
    std::string told_;
};

} // namespace lockstep::snapshots
