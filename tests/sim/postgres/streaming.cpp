#include "tests/sim/postgres/model.h"

namespace lockstep::sim {

/// What a walsender makes of where the standby wants to begin. It compares numbers, not contents.
bool PostgresModel::admit(EngineModel& other, Sender& made) {
    auto& standby = of(other);
    standby.disk.sync(standby.disk.end());
    const auto from = standby.disk.end();
    const auto timeline = standby.lineage.timeline;
    const auto* fork = lineage.left(timeline);
    if (timeline == lineage.timeline) {
        if (from > disk.synced_end()) {
            return false; // "Requested starting point is ahead of the flush position."
        }
    } else if (fork == nullptr || segment_of(from) > segment_of(fork->at)) {
        return false; // Not in this server's history.
    } else {
        made.poisoned = from > fork->at; // Streams from the segment's start, and gets no further.
    }
    made.next = disk.index_after(from);
    if (!made.poisoned && made.next > 0 && !standby.disk.log().empty()) {
        // "Record with incorrect prev-link": a twin (F13).
        made.poisoned = disk.log()[made.next - 1].id != standby.disk.log().back().id;
    }
    return true;
}

EngineModel::Delivery PostgresModel::deliver(const std::vector<LogEntry>& entries) const {
    return [entries, upstream = lineage](EngineModel& standby) {
        of(standby).receive(entries, upstream);
    };
}

void PostgresModel::receive(const std::vector<LogEntry>& entries, const Lineage& upstream) {
    for (const auto& entry : entries) {
        if (entry.end > disk.end()) {
            append(entry);
        }
    }
    const auto* fork = upstream.left(lineage.timeline);
    if (fork == nullptr || disk.end() >= fork->at) {
        lineage = upstream;
    }
    if (flaws().acknowledges_before_flush) {
        reply();
    }
    later(flush_takes(), [this, end = disk.end()] {
        disk.sync(end);
        reply();
    });
}

std::uint64_t PostgresModel::said() const {
    return flaws().acknowledges_before_flush ? disk.end() : disk.synced_end();
}

} // namespace lockstep::sim
