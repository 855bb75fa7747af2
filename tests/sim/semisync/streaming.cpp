#include <algorithm>
#include <utility>

#include "drivers/mysql/schema.h"
#include "tests/sim/semisync/model.h"

/// A stream, and what a standby makes of it.
namespace lockstep::sim {

/// By account and by names of transactions. MySQL lets whoever has more than it in, unless it is of
/// its own writing; MariaDB does not.
bool SemisyncModel::admit(EngineModel& other, Sender& made) {
    auto& standby = of(other);
    if (!data.accounts.contains(made.name)) {
        return false;
    }
    const auto theirs = standby.with_received(false);
    const auto judged = is_mysql() ? theirs.of_server(data.writer) : theirs;
    if (!logged().contains(judged)) {
        return false;
    }
    std::erase_if(running()->senders,
                  [&made](const Sender& each) { return each.peer == made.peer; });
    const auto& log = disk.log();
    const auto first =
        std::ranges::find_if(log, [&theirs](const LogEntry& entry) { return !has(theirs, entry); });
    made.next = static_cast<std::size_t>(first - log.begin());
    standby.knows_received_ = true;
    return true;
}

EngineModel::Delivery SemisyncModel::deliver(const std::vector<LogEntry>& entries) const {
    return [entries](EngineModel& standby) { of(standby).receive(entries); };
}

/// What it has already is not acknowledged: a stream that brings nothing new lets nobody go
/// (finding 8).
void SemisyncModel::receive(const std::vector<LogEntry>& entries) {
    const auto known = with_received(false);
    for (const auto& entry : entries) {
        if (!has(known, entry)) {
            data.relay.push_back({++last_order_, entry, false});
        }
    }
    auto& receiver = *running()->receiver;
    const auto up_to = entries.back().end;
    if (flaws().acknowledges_before_flush) {
        receiver.has = up_to;
        reply();
    }
    later(flush_takes(), [this, order = last_order_, stream = receiver.id, up_to] {
        received_is_synced(order, stream, up_to);
    });
    apply_soon();
}

void SemisyncModel::received_is_synced(std::uint64_t order, std::uint64_t stream,
                                       std::uint64_t up_to) {
    for (auto& received : data.relay) {
        received.synced = received.synced || received.order <= order;
    }
    auto& receiver = running()->receiver;
    if (receiver && receiver->id == stream) {
        receiver->has = std::max(receiver->has, up_to);
        reply();
    }
}

/// Only a stream by an account made for a grant acknowledges.
std::uint64_t SemisyncModel::said() const {
    const auto& receiver = *server().receiver;
    return mysql::is_sync_account(receiver.name) ? receiver.has : 0;
}

void SemisyncModel::start_receiver() {
    auto& server = *running();
    server.upstream = data.upstream;
    server.stream_name = data.stream_name;
    connect_after(Machine::current().random.between(2, 40) * millisecond);
}

void SemisyncModel::start_applier() {
    if (!applies_) {
        applies_ = true;
        ++starts_;
        apply_soon();
    }
}

void SemisyncModel::carry_applier_over() {
    applies_ = true;
    apply_soon();
}

void SemisyncModel::apply_soon() {
    if (!applies_ || applying_ || is_held_ || data.relay.empty()) {
        return;
    }
    applying_ = true;
    auto& random = Machine::current().random;
    const auto usual = random.between(200, 3000);
    later(random.one_in(20) ? random.between(0, 1500) * millisecond : usual, [this] { apply(); });
}

/// It is in the log before it leaves the relay log, so that a crash finds it in one of the two.
void SemisyncModel::apply() {
    if (!applies_ || is_held_ || data.relay.empty()) {
        applying_ = false;
        return;
    }
    for (const auto& received : data.relay) {
        if (!has(logged(), received.entry)) {
            auto entry = received.entry;
            entry.end = disk.end() + 1;
            append(std::move(entry));
        }
    }
    const auto order = data.relay.back().order;
    later(flush_takes(), [this, order, end = disk.end()] {
        disk.sync(end);
        data.committed = std::max(data.committed, disk.index_after(end));
        std::erase_if(data.relay,
                      [order](const Received& received) { return received.order <= order; });
        applying_ = false;
        apply_soon();
    });
}

} // namespace lockstep::sim
