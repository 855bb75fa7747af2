#include "tests/unit/snapshots/decision/random_world.h"

#include <algorithm>

namespace lockstep::snapshots {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t day_ms = 24 * hour_ms;

std::size_t index(int value) {
    return static_cast<std::size_t>(value);
}

} // namespace

RandomWorld::RandomWorld(std::uint64_t seed) : random_(seed) {
    retention_.days = below(8);
    retention_.minimum = 1 + below(3);
    lines_.push_back({"s1", {"1"}, -1, 0, now_, {}});
    replaced_.push_back(false);
    commit();
}

void RandomWorld::step() {
    const int what = below(100);
    if (what < 28) {
        commit();
    } else if (what < 60) {
        archive();
    } else if (what < 78) {
        take();
    } else if (what < 86) {
        // A failover: of the last commits some may have been nowhere but in the former primary.
        const auto tail = static_cast<std::uint64_t>(below(3));
        fork_off(head() > present().fork + tail ? head() - tail : head());
    } else if (what < 89) {
        archive();
        fork_off(1 + static_cast<std::uint64_t>(below(static_cast<int>(head()))));
        replaced_.back() = true; // A restore of the pair itself to an earlier place.
    } else if (what < 90) {
        upgrade();
    } else if (what < 92) {
        retention_.days = below(8);
    } else {
        damage_or_keep();
    }
}

void RandomWorld::pass_time(std::int64_t most_ms) {
    now_ += 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most_ms));
}

void RandomWorld::commit() {
    for (int count = 1 + below(4); count > 0; --count) {
        pass_time(chance(70) ? hour_ms : 2 * day_ms);
        present().commits.push_back(static_cast<int>(times_.size()));
        times_.push_back(now_);
    }
    tell("commits up to " + std::to_string(head()));
}

void RandomWorld::archive() {
    while (archived_ < head()) {
        const auto from = archived_;
        const auto to = std::min<std::uint64_t>(head(), from + 1 + index(below(4)));
        archived_ = to;
        if (chance(8)) {
            tell("log " + std::to_string(from) + "-" + std::to_string(to) + " is lost");
            continue;
        }
        if (to - from > 1 && chance(10)) { // An unfinished piece first, which stays.
            add_log(static_cast<int>(lines_.size()) - 1, from, to - 1);
        }
        add_log(static_cast<int>(lines_.size()) - 1, from, to);
    }
}

void RandomWorld::add_log(int line, std::uint64_t from, std::uint64_t to) {
    const Line& of = lines_[index(line)];
    Log log;
    log.line = line;
    log.segment.name = of.history.text + "-" + std::to_string(log_.size());
    log.segment.system_id = of.system_id;
    log.segment.history = of.history;
    log.segment.from = from;
    log.segment.to = to;
    log.segment.epoch = Epoch{epoch_};
    log.segment.bytes = 1 + index(below(1000));
    log.commits.assign(of.commits.begin() + static_cast<std::ptrdiff_t>(from),
                       of.commits.begin() + static_cast<std::ptrdiff_t>(to));
    log.segment.first_unix_ms = time_of(log.commits.front());
    log.segment.last_unix_ms = time_of(log.commits.back());
    tell("log " + log.segment.name + " " + std::to_string(from) + "-" + std::to_string(to));
    log_.push_back(std::move(log));
}

void RandomWorld::take() {
    const Line& of = present();
    const std::uint64_t end = head() - std::min(head() - 1, index(below(2)));
    const std::uint64_t begin = end - std::min(end, index(below(4)));
    Kept kept;
    kept.line = static_cast<int>(lines_.size()) - 1;
    Snapshot& snapshot = kept.snapshot;
    snapshot.id = "snapshot-" + std::to_string(snapshots_.size());
    snapshot.pair = "shop";
    snapshot.kind = chance(70)   ? SnapshotKind::automated
                    : chance(70) ? SnapshotKind::manual
                                 : SnapshotKind::final;
    snapshot.system_id = of.system_id;
    snapshot.epoch = Epoch{epoch_};
    snapshot.begin = {of.history, begin};
    snapshot.end = {of.history, end};
    if (begin < of.fork && of.parent >= 0) {
        snapshot.begin.history = lines_[index(of.parent)].history;
    }
    snapshot.begun_unix_ms = now_ - below(1000);
    snapshot.end_unix_ms = time_of(of.commits[end - 1]);
    snapshot.bytes = 1000 + index(below(1000));
    snapshot.self_contained = chance(40);
    tell(snapshot.id + " " + std::to_string(begin) + "-" + std::to_string(end) + " of " +
         of.history.text);
    snapshots_.push_back(std::move(kept));
}

void RandomWorld::fork_off(std::uint64_t fork) {
    if (chance(50)) {
        archive(); // The former primary's last commits came to the repository too.
    }
    const int parent = static_cast<int>(lines_.size()) - 1;
    Line line;
    line.system_id = present().system_id;
    line.history.text =
        present().history.text + "@" + std::to_string(fork) + "/" + std::to_string(lines_.size());
    line.parent = parent;
    line.fork = fork;
    line.commits.assign(present().commits.begin(),
                        present().commits.begin() + static_cast<std::ptrdiff_t>(fork));
    pass_time(1000);
    line.from_unix_ms = now_;
    // The new primary's log begins where the former one's segment did, or at the fork.
    archived_ = chance(60) ? std::min(archived_, fork) -
                                 std::min(std::min(archived_, fork), index(below(3)))
                           : fork;
    lines_.push_back(std::move(line));
    replaced_.push_back(false);
    ++epoch_;
    tell("fork at " + std::to_string(fork) + ": " + present().history.text);
    commit();
}

void RandomWorld::upgrade() {
    pass_time(hour_ms);
    ++epoch_;
    // Histories of the new database are counted from 1 again.
    lines_.push_back({"s" + std::to_string(lines_.size() + 1), {"1"}, -1, 0, now_, {}});
    replaced_.push_back(false);
    archived_ = 0;
    tell("another database");
    commit();
}

void RandomWorld::damage_or_keep() {
    if (snapshots_.empty()) {
        return;
    }
    Kept& kept = snapshots_[index(below(static_cast<int>(snapshots_.size())))];
    if (chance(50)) {
        kept.snapshot.damage = "a flipped bit";
    } else {
        kept.snapshot.keep = !kept.snapshot.keep;
    }
    tell(kept.snapshot.id + ": damage \"" + kept.snapshot.damage + "\", keep " +
         std::to_string(kept.snapshot.keep));
}

void RandomWorld::meddle() {
    if (chance(30)) {
        damage_or_keep();
    }
    if (chance(10)) {
        take();
    }
    if (chance(10) && !snapshots_.empty()) {
        Kept& kept = snapshots_[index(below(static_cast<int>(snapshots_.size())))];
        kept.there = kept.there && kept.snapshot.kind == SnapshotKind::automated;
    }
    if (chance(10) && !snapshots_.empty()) {
        snapshots_[index(below(static_cast<int>(snapshots_.size())))].snapshot.bytes += 1;
    }
}

Catalogue RandomWorld::catalogue() {
    Catalogue catalogue;
    for (const Kept& kept : snapshots_) {
        if (kept.there) {
            catalogue.snapshots.push_back(kept.snapshot);
        }
    }
    for (const Log& log : log_) {
        if (log.there) {
            catalogue.log.push_back(log.segment);
        }
    }
    for (const Line& line : lines_) {
        if (line.parent >= 0) {
            catalogue.forks.push_back(
                {line.history, lines_[index(line.parent)].history, line.fork});
        }
    }
    std::ranges::shuffle(catalogue.snapshots, random_);
    std::ranges::shuffle(catalogue.log, random_);
    std::ranges::shuffle(catalogue.forks, random_);
    return catalogue;
}

RetentionInput RandomWorld::retention_input() {
    RetentionInput input;
    input.catalogue = catalogue();
    input.retention = retention_;
    input.now_unix_ms = now_;
    return input;
}

std::int64_t RandomWorld::window_unix_ms() const {
    return now_ - retention_.days * day_ms;
}

void RandomWorld::remove(const std::vector<Verdict>& snapshots, const std::vector<Verdict>& log) {
    for (const Verdict& verdict : snapshots) {
        for (Kept& kept : snapshots_) {
            kept.there = kept.there && kept.snapshot.id != verdict.name;
        }
        tell(verdict.name + " goes: " + verdict.why);
    }
    for (const Verdict& verdict : log) {
        for (Log& one : log_) {
            one.there = one.there && (one.segment.name != verdict.name ||
                                      one.segment.system_id != verdict.system_id);
        }
        tell("log " + verdict.name + " goes: " + verdict.why);
    }
}

bool RandomWorld::is_on_way(int ancestor, int line) const {
    for (; line >= 0; line = lines_[index(line)].parent) {
        if (line == ancestor) {
            return true;
        }
    }
    return false;
}

std::vector<bool> RandomWorld::covered(int line) const {
    return covered_by(line, [](const Log& log) { return log.there; });
}

std::vector<bool> RandomWorld::covered(int line, const std::vector<LogSegment>& by) const {
    return covered_by(line, [&](const Log& log) {
        return log.there && std::ranges::find(by, log.segment) != by.end();
    });
}

std::int64_t RandomWorld::reach(const Kept& kept, int line,
                                const std::vector<bool>& covered) const {
    const Snapshot& snapshot = kept.snapshot;
    const auto end = static_cast<std::size_t>(snapshot.end.offset_bytes);
    const auto& own = lines_[index(kept.line)].commits;
    const auto& target = lines_[index(line)].commits;
    const bool same =
        is_on_way(kept.line, line) && target.size() >= end &&
        std::equal(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(end), own.begin());
    if (!kept.there || !snapshot.damage.empty() || !same) {
        return -1;
    }
    auto place =
        snapshot.self_contained ? end : static_cast<std::size_t>(snapshot.begin.offset_bytes);
    while (place < target.size() && covered[place + 1]) {
        ++place;
    }
    return place >= end ? static_cast<std::int64_t>(place) : -1;
}

int RandomWorld::line_of(const std::string& system_id, const History& history) const {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].system_id == system_id && lines_[i].history == history) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

int RandomWorld::line_at(std::int64_t unix_ms) const {
    int found = -1;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].from_unix_ms <= unix_ms) {
            found = static_cast<int>(i);
        }
    }
    return found;
}

bool RandomWorld::was_replaced(int line) const {
    return replaced_[index(line)];
}

std::string RandomWorld::told() const {
    return told_;
}

} // namespace lockstep::snapshots
