#include "drivers/postgres/transactions.h"

#include <algorithm>
#include <charconv>

#include <spdlog/fmt/fmt.h>

namespace lockstep::postgres {
namespace {

constexpr std::size_t most_relations = 8;
constexpr std::size_t most_open = 100000;
constexpr std::size_t most_told = 20;

/// What stands between `before` and the next `end`; empty without `before`.
std::string_view between(std::string_view text, std::string_view before, std::string_view end) {
    const auto at = text.find(before);
    if (at == std::string_view::npos) {
        return {};
    }
    text.remove_prefix(at + before.size());
    return text.substr(0, text.find(end));
}

std::uint64_t number_in(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    std::uint64_t value = 0;
    if (first != std::string_view::npos) {
        std::from_chars(text.data() + first, text.data() + text.size(), value);
    }
    return value;
}

std::vector<std::string> relations_in(std::string_view text) {
    std::vector<std::string> found;
    constexpr std::string_view word = ": rel ";
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const auto rest = text.substr(at + word.size());
        std::string relation(rest.substr(0, rest.find_first_of(" ,;")));
        if (std::find(found.begin(), found.end(), relation) == found.end()) {
            found.push_back(std::move(relation));
        }
    }
    return found;
}

bool is_heartbeat(const LogRecord& record) {
    return record.manager == "LogicalMessage" &&
           record.what.find("prefix \"lockstep\"") != std::string::npos;
}

/// "2026-11-25 16:20:45.123 UTC" in "COMMIT 2026-11-25 16:20:45.123 UTC; inval msgs: …", or after
/// the colon in "COMMIT_PREPARED 735: 2026-… UTC".
std::string time_in(std::string_view what) {
    const bool of_prepared = what.find("_PREPARED ") < what.find(' ') + 1;
    auto time = between(what, of_prepared ? ": " : " ", ";");
    return std::string(time);
}

} // namespace

std::optional<LogRecord> parse_log_record(std::string_view line) {
    LogRecord record;
    if (!line.starts_with("rmgr: ")) {
        return std::nullopt;
    }
    record.manager = std::string(between(line, "rmgr: ", " "));
    record.position = std::string(between(line, ", lsn: ", ","));
    const auto what = line.find(", desc: ");
    if (record.manager.empty() || record.position.empty() || what == std::string_view::npos) {
        return std::nullopt;
    }
    record.xid = number_in(between(line, ", tx: ", ","));
    record.what = std::string(line.substr(what + 8));
    record.relations = relations_in(record.what);
    return record;
}

void Transactions::take(const LogRecord& record) {
    ++records_;
    if (record.manager == "Transaction") {
        take_end(record);
        return;
    }
    if (record.xid != 0) {
        add_change(record);
    }
}

void Transactions::add_change(const LogRecord& record) {
    const auto known = open_.find(record.xid);
    if (known == open_.end() && open_.size() >= most_open) {
        return; // Its end is still told, with fewer changes.
    }
    auto& open = open_[record.xid];
    const bool first = open.changes == 0;
    ++open.changes;
    open.heartbeat = is_heartbeat(record) && (first || open.heartbeat);
    for (const auto& relation : record.relations) {
        if (open.relations.size() >= most_relations && !open.relations.contains(relation)) {
            open.more_relations = true;
            continue;
        }
        ++open.relations[relation];
    }
}

/// A transaction with its subtransactions, which have numbers of their own.
Transactions::Open Transactions::gather(std::uint64_t xid, std::string_view what) {
    Open whole;
    std::vector<std::uint64_t> members{xid};
    auto list = between(what, "subxacts: ", ";");
    while (!list.empty()) {
        members.push_back(number_in(list));
        const auto space = list.find(' ');
        list = space == std::string_view::npos ? std::string_view{} : list.substr(space + 1);
    }
    whole.heartbeat = members.size() == 1;
    for (const auto member : members) {
        const auto found = open_.find(member);
        if (found == open_.end()) {
            continue;
        }
        const auto& part = found->second;
        whole.changes += part.changes;
        whole.heartbeat = whole.heartbeat && part.heartbeat;
        whole.more_relations = whole.more_relations || part.more_relations;
        for (const auto& [relation, count] : part.relations) {
            whole.relations[relation] += count;
        }
        open_.erase(found);
    }
    whole.heartbeat = whole.heartbeat && whole.changes > 0;
    return whole;
}

void Transactions::take_end(const LogRecord& record) {
    const auto& what = record.what;
    if (what.starts_with("PREPARE ")) {
        open_[record.xid].prepared = true;
        return;
    }
    const bool commit = what.starts_with("COMMIT");
    if (!commit && !what.starts_with("ABORT")) {
        return; // ASSIGNMENT, INVALIDATION
    }
    const auto word_end = what.find(' ');
    const bool of_prepared = what.substr(0, word_end).ends_with("_PREPARED");
    const auto xid = of_prepared && word_end != std::string::npos
                         ? number_in(std::string_view(what).substr(word_end))
                         : record.xid;
    const auto open = gather(xid, what);
    if (commit && open.heartbeat) {
        ++result_.heartbeats;
        return;
    }
    ++(commit ? result_.committed : result_.rolled_back);
    end(xid, open, (commit ? "committed " : "rolled back ") + time_in(what), record.position);
}

void Transactions::end(std::uint64_t xid, const Open& open, std::string how,
                       const std::string& position) {
    KeptTransaction transaction;
    transaction.id = std::to_string(xid);
    transaction.end = std::move(how);
    transaction.position = position;
    transaction.changes = open.changes;
    for (const auto& [relation, count] : open.relations) {
        transaction.objects.push_back(fmt::format("{} ({})", relation, count));
    }
    if (open.more_relations) {
        transaction.objects.emplace_back("and others");
    }
    on_end_(transaction);
    if (result_.transactions.size() < most_told) {
        result_.transactions.push_back(std::move(transaction));
    }
}

void Transactions::finish() {
    for (const auto& [xid, open] : open_) {
        if (open.heartbeat) {
            continue;
        }
        ++result_.unfinished;
        end(xid, open, open.prepared ? "prepared, not committed" : "unfinished", "");
    }
    open_.clear();
}

} // namespace lockstep::postgres
