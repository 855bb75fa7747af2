#include "snapshots/decision/catalogue.h"

#include <map>
#include <set>
#include <utility>

namespace lockstep::snapshots {
namespace {

tl::unexpected<Error> corrupt(const std::string& what) {
    return fail(Errc::corrupt, "catalogue: " + what);
}

Result<void> check_snapshots(const Catalogue& catalogue) {
    std::set<std::string> ids;
    for (const Snapshot& snapshot : catalogue.snapshots) {
        if (snapshot.id.empty() || !ids.insert(snapshot.id).second) {
            return corrupt("snapshot \"" + snapshot.id + "\" is there twice, or has no id");
        }
        if (!snapshot.begin.history.known() || !snapshot.end.history.known()) {
            return corrupt("snapshot " + snapshot.id + ": its begin or its end is not known");
        }
        if (snapshot.begin.offset_bytes > snapshot.end.offset_bytes) {
            return corrupt("snapshot " + snapshot.id + " ends before it begins");
        }
    }
    return {};
}

Result<void> check_log(const Catalogue& catalogue) {
    std::set<std::pair<std::string, std::string>> names;
    for (const LogSegment& segment : catalogue.log) {
        if (segment.name.empty() || !names.emplace(segment.system_id, segment.name).second) {
            return corrupt("log \"" + segment.name + "\" is there twice, or has no name");
        }
        if (!segment.history.known() || segment.from >= segment.to) {
            return corrupt("log " + segment.name +
                           ": its history is not known, or nothing is in it");
        }
    }
    return {};
}

Result<void> check_forks(const Catalogue& catalogue) {
    std::map<std::string, const HistoryFork*> by_history;
    for (const HistoryFork& fork : catalogue.forks) {
        const auto [there, fresh] = by_history.emplace(fork.history.text, &fork);
        if (!fork.history.known() || (!fresh && *there->second != fork)) {
            return corrupt("history \"" + fork.history.text +
                           "\" left its parent at two places, or has no name");
        }
    }
    for (const auto& [name, fork] : by_history) {
        std::size_t steps = 0;
        for (auto at = by_history.find(fork->parent.text); at != by_history.end();
             at = by_history.find(at->second->parent.text)) {
            if (++steps > by_history.size()) {
                return corrupt("history \"" + name + "\" descends from itself");
            }
        }
    }
    return {};
}

} // namespace

Result<void> check(const Catalogue& catalogue) {
    if (auto good = check_snapshots(catalogue); !good) {
        return good;
    }
    if (auto good = check_log(catalogue); !good) {
        return good;
    }
    return check_forks(catalogue);
}

} // namespace lockstep::snapshots
