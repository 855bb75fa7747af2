#include "drivers/mysql/snapshot/log_place.h"

#include <algorithm>

namespace lockstep::mysql {
namespace {

constexpr std::int64_t second_ms = 1000;

std::uint64_t began_at(const Reign& reign) {
    return place_after(reign.began);
}

/// In which reign a transaction lies. MariaDB: the last that began before its number, and only if
/// it is that writer's. MySQL numbers a writer's transactions on from its own reign before, whoever
/// reigned between. -1: in none.
int reign_of(const Descent& descent, const LoggedTransaction& transaction, Flavour flavour) {
    const auto writer = server_of(flavour, transaction.writer);
    for (auto at = static_cast<int>(descent.reigns.size()) - 1; at >= 0; --at) {
        const auto& reign = descent.reigns[static_cast<std::size_t>(at)];
        const bool own = reign.writer == writer;
        if (flavour == Flavour::mariadb && transaction.number > began_at(reign)) {
            return own ? at : -1;
        }
        if (flavour == Flavour::mysql && own &&
            transaction.number > reign.began.of_server(writer).count()) {
            return at;
        }
    }
    return -1;
}

} // namespace

std::uint64_t place_after(const GtidSet& held) {
    return held.flavour() == Flavour::mariadb ? last_sequence(held) : held.count();
}

std::optional<std::uint64_t> place_after(const Descent& descent,
                                         const LoggedTransaction& transaction) {
    if (!descent.known()) {
        return std::nullopt;
    }
    const auto flavour = descent.reigns.back().began.flavour();
    if (flavour == Flavour::mariadb) {
        const bool here =
            transaction.writer.starts_with("0-") && reign_of(descent, transaction, flavour) >= 0;
        return here ? std::optional(transaction.number) : std::nullopt;
    }
    const auto at = reign_of(descent, transaction, flavour);
    if (at < 0) {
        return std::nullopt;
    }
    const auto& reign = descent.reigns[static_cast<std::size_t>(at)];
    const auto own = reign.began.of_server(reign.writer).count();
    const auto place = began_at(reign) + transaction.number - own;
    const auto next = static_cast<std::size_t>(at) + 1;
    const bool before_next =
        next == descent.reigns.size() || place <= began_at(descent.reigns[next]);
    return before_next ? std::optional(place) : std::nullopt;
}

std::vector<HistoryFork> forks_of(const Descent& descent) {
    std::vector<HistoryFork> forks;
    Descent line;
    History parent;
    for (const auto& reign : descent.reigns) {
        line.reigns.push_back(reign);
        const auto fork = forks.empty() ? 0 : began_at(reign);
        forks.push_back({to_history(line), parent, fork});
        parent = forks.back().history;
    }
    return forks;
}

Descent descent_at(const Descent& descent, std::uint64_t place) {
    Descent part;
    for (const auto& reign : descent.reigns) {
        if (part.known() && began_at(reign) >= place) {
            break;
        }
        part.reigns.push_back(reign);
    }
    return part;
}

CommitTime commit_time(const LoggedTransaction& transaction) {
    if (transaction.unix_us != 0) {
        const auto us = static_cast<std::int64_t>(transaction.unix_us);
        return {us / second_ms, (us + second_ms - 1) / second_ms};
    }
    const auto begin = std::int64_t{transaction.unix_s} * second_ms;
    return {begin, begin + second_ms - 1};
}

/// Of a second that is not over more may come.
std::int64_t complete_to_ms(const LoggedTransaction& transaction) {
    const auto time = commit_time(transaction);
    return transaction.unix_us != 0 ? time.earliest_ms : time.earliest_ms - 1;
}

} // namespace lockstep::mysql
