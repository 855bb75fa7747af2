#include "tests/sim/semisync/names.h"

#include <algorithm>

namespace lockstep::sim {

bool has(const mysql::GtidSet& set, const LogEntry& entry) {
    const auto found = set.writers().find(entry.named->writer);
    return found != set.writers().end() &&
           std::ranges::any_of(found->second, [&entry](const mysql::GtidSet::Interval& each) {
               return each.first <= entry.named->number && entry.named->number <= each.last;
           });
}

/// MariaDB's sets say up to where, of each writer.
void add(mysql::GtidSet& set, const LogEntry& entry) {
    const bool up_to = set.flavour() == mysql::Flavour::mariadb;
    set.add(entry.named->writer, {up_to ? 1 : entry.named->number, entry.named->number});
}

mysql::GtidSet last_of(mysql::Flavour flavour, const std::vector<LogEntry>& log) {
    mysql::GtidSet last(flavour);
    if (!log.empty()) {
        add(last, log.back());
    }
    return last;
}

void Counted::count(const std::vector<LogEntry>& log, std::size_t first) {
    for (; counted_ < first; ++counted_) {
        const auto& entry = log[counted_];
        add(names_, entry);
        if (entry.named->begins) {
            descent_.reigns.push_back(*entry.named->begins);
        }
    }
}

void Counted::forget() {
    names_ = mysql::GtidSet(names_.flavour());
    descent_ = {};
    counted_ = 0;
}

} // namespace lockstep::sim
