#include "snapshots/decision/losses.h"

#include <algorithm>
#include <set>
#include <utility>

namespace lockstep::snapshots {
namespace {

/// So many are named; of the rest it is told how many they are.
constexpr std::size_t most_named = 3;

using Names = std::set<std::pair<std::string, std::string>>;

std::pair<std::string, std::string> name_of(const Snapshot& snapshot) {
    return {"", snapshot.id};
}

std::pair<std::string, std::string> name_of(const LogSegment& segment) {
    return {segment.system_id, segment.name};
}

template <class Entry> Names names(const std::vector<Entry>& entries) {
    Names all;
    for (const auto& entry : entries) {
        all.insert(name_of(entry));
    }
    return all;
}

template <class Entry>
std::vector<Entry> lost(const std::vector<Entry>& before, const std::vector<Entry>& read,
                        const std::vector<Entry>& now) {
    const auto known = names(before);
    const auto there = names(read);
    std::vector<Entry> gone;
    std::ranges::copy_if(now, std::back_inserter(gone), [&](const Entry& one) {
        return known.contains(name_of(one)) && !there.contains(name_of(one));
    });
    return gone;
}

template <class Entry> void take_out(const std::vector<Entry>& gone, std::vector<Entry>& from) {
    const auto missing = names(gone);
    std::erase_if(from, [&](const Entry& one) { return missing.contains(name_of(one)); });
}

/// "2 snapshots (shop-1, shop-2)"; empty without any.
template <class Entry>
std::string in_words(const std::vector<Entry>& gone, const char* one, const char* several) {
    if (gone.empty()) {
        return "";
    }
    auto text = std::to_string(gone.size()) + " " + (gone.size() == 1 ? one : several) + " (";
    for (std::size_t i = 0; i < std::min(gone.size(), most_named); ++i) {
        text += (i == 0 ? "" : ", ") + name_of(gone[i]).second;
    }
    return text + (gone.size() > most_named ? ", …)" : ")");
}

} // namespace

Losses losses(const Catalogue& before, const Catalogue& read, const Catalogue& now) {
    return {lost(before.snapshots, read.snapshots, now.snapshots),
            lost(before.log, read.log, now.log)};
}

void take_out(const Losses& lost, Catalogue& catalogue) {
    take_out(lost.snapshots, catalogue.snapshots);
    take_out(lost.log, catalogue.log);
}

std::string in_words(const Losses& lost) {
    const auto snapshots = in_words(lost.snapshots, "snapshot", "snapshots");
    const auto log = in_words(lost.log, "piece of the log", "pieces of the log");
    return snapshots + (snapshots.empty() || log.empty() ? "" : " and ") + log;
}

} // namespace lockstep::snapshots
