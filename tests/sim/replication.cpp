#include <algorithm>
#include <utility>

#include "tests/sim/database.h"
#include "tests/sim/network.h"

/// The stream between two databases: what travels, what waits, and what is said back.
namespace lockstep::sim {
namespace {

constexpr Micros between_connects = 300 * millisecond;
constexpr Micros broken_after = 10 * second; // wal_sender_timeout, wal_receiver_timeout
constexpr Micros between_replies = second;   // wal_receiver_status_interval
constexpr Micros sent_again_after = 200 * millisecond;

} // namespace

void Database::configure_standby(const std::optional<Member>& upstream,
                                 const std::string& stream_name) {
    const bool same = server_->stream_name == stream_name &&
                      server_->upstream.has_value() == upstream.has_value() &&
                      (!upstream || server_->upstream->address == upstream->address);
    server_->upstream = upstream;
    server_->stream_name = stream_name;
    if (same) {
        return;
    }
    cut_upstream();
    server_->upstream = upstream;
    connect_after(Machine::current().random.between(2, 40) * millisecond);
}

/// The stream ends here at once; the other side hears of it if the network lets it.
void Database::cut_upstream() {
    server_->upstream.reset();
    if (!server_->receiver) {
        return;
    }
    const auto gone = *server_->receiver;
    server_->receiver.reset();
    Machine::current().after(Network::current().latency(), [this, gone] {
        auto* primary = Databases::current().at(gone.peer);
        if (Network::current().passes(name(), gone.peer) && primary->server_) {
            std::erase_if(primary->server_->senders,
                          [&gone](const Sender& each) { return each.id == gone.id; });
        }
    });
}

void Database::connect_after(Micros span) {
    if (server_->state != ServerState::standby || server_->connects) {
        return;
    }
    server_->connects = true;
    later(span, [this] {
        server_->connects = false;
        connect();
    });
}

void Database::connect() {
    if (server_->state != ServerState::standby || server_->receiver || !server_->upstream) {
        return;
    }
    const auto peer = Network::host_at(server_->upstream->address);
    auto* primary = Databases::current().at(peer);
    const bool reached = primary != nullptr && primary != this &&
                         Network::current().both_ways(name(), peer) && primary->is_primary() &&
                         !primary->server_->frozen;
    if (reached) {
        primary->accept(*this, Databases::current().new_id());
    }
    if (!server_->receiver) {
        connect_after(between_connects);
    }
}

/// What a walsender makes of where the standby wants to begin. It compares numbers, not contents.
void Database::accept(Database& standby, std::uint64_t id) {
    standby.disk.sync(standby.disk.end());
    const auto from = standby.disk.end();
    const auto timeline = standby.disk.lineage.timeline;
    const auto* fork = disk.lineage.left(timeline);
    Sender made;
    if (timeline == disk.lineage.timeline) {
        if (from > disk.synced_end()) {
            return; // "Requested starting point is ahead of the flush position."
        }
    } else if (fork == nullptr || segment_of(from) > segment_of(fork->at)) {
        return; // Not in this server's history.
    } else {
        made.poisoned = from > fork->at; // Streams from the segment's start, and gets no further.
    }
    made.next = disk.index_after(from);
    made.arrived = made.next;
    if (!made.poisoned && made.next > 0 && !standby.disk.log().empty()) {
        // "Record with incorrect prev-link": a twin (F13).
        made.poisoned = disk.log()[made.next - 1].id != standby.disk.log().back().id;
    }
    made.id = id;
    made.peer = standby.name();
    made.peer_pid = standby.server_->pid;
    made.name = standby.server_->stream_name;
    made.heard_at = Machine::current().now();
    standby.server_->receiver = Receiver{id, name(), made.name, made.heard_at};
    server_->senders.push_back(made);
    Machine::current().tell("db " + standby.name(),
                            "streams from " + name() + " as " + made.name +
                                (made.poisoned ? ", though it left that history" : ""));
    standby.reply();
    pump(server_->senders.back());
}

void Database::pump(Sender& to) {
    const auto last = disk.index_after(disk.synced_end());
    if (to.poisoned || to.stuck_since || to.next >= last) {
        return;
    }
    const auto& log = disk.log();
    std::vector<LogEntry> entries(log.begin() + static_cast<std::ptrdiff_t>(to.next),
                                  log.begin() + static_cast<std::ptrdiff_t>(last));
    to.next = last;
    auto& machine = Machine::current();
    to.last_arrival = std::max(to.last_arrival + 1, machine.now() + Network::current().latency());
    machine.at(to.last_arrival, [this, pid = server_->pid, id = to.id, flight = to.flight,
                                 entries = std::move(entries)] {
        if (server_ && server_->pid == pid) {
            arrive(id, flight, entries);
        }
    });
}

void Database::arrive(std::uint64_t id, std::uint64_t flight,
                      const std::vector<LogEntry>& entries) {
    auto* to = sender(id);
    if (to == nullptr || to->flight != flight) {
        return;
    }
    if (!Network::current().passes(name(), to->peer)) {
        send_again(*to);
        return;
    }
    to->arrived += entries.size();
    auto* standby = Databases::current().at(to->peer);
    if (standby->server_ && standby->server_->pid == to->peer_pid) {
        standby->later(0, [standby, id, entries, lineage = disk.lineage] {
            standby->receive(id, entries, lineage);
        });
    }
}

/// What is under way did not get through: all of it is sent again, in order, in a while.
void Database::send_again(Sender& to) {
    ++to.flight;
    to.next = to.arrived;
    to.stuck_since = Machine::current().now();
    later(sent_again_after, [this, id = to.id] {
        if (auto* again = sender(id)) {
            again->stuck_since.reset();
            pump(*again);
        }
    });
}

void Database::receive(std::uint64_t id, const std::vector<LogEntry>& entries,
                       const Lineage& upstream) {
    if (!server_->receiver || server_->receiver->id != id ||
        server_->state != ServerState::standby) {
        return;
    }
    server_->receiver->heard_at = Machine::current().now();
    for (const auto& entry : entries) {
        if (entry.end > disk.end()) {
            disk.append(entry);
        }
    }
    const auto* fork = upstream.left(disk.lineage.timeline);
    if (fork == nullptr || disk.end() >= fork->at) {
        disk.lineage = upstream;
    }
    if (flaws_.acknowledges_before_flush) {
        reply();
    }
    later(flush_takes(), [this, end = disk.end()] {
        disk.sync(end);
        reply();
    });
}

/// Says how far it has flushed. The word travels, and may arrive when all has changed.
void Database::reply() {
    if (!server_->receiver) {
        return;
    }
    const auto said = flaws_.acknowledges_before_flush ? disk.end() : disk.synced_end();
    const auto peer = server_->receiver->peer;
    Machine::current().after(
        Network::current().latency(), [this, peer, said, id = server_->receiver->id] {
            auto* primary = Databases::current().at(peer);
            if (Network::current().passes(name(), peer) && primary->server_) {
                primary->later(0, [primary, id, said] { primary->reply_arrived(id, said); });
            }
        });
}

void Database::reply_arrived(std::uint64_t id, std::uint64_t flushed) {
    auto* from = sender(id);
    if (from == nullptr) {
        return;
    }
    from->flushed = std::max(from->flushed, flushed);
    from->heard_at = Machine::current().now();
    settle();
}

/// A standby says where it is each second, and gives up a stream that is silent for too long.
void Database::keep_alive() {
    if (server_->state != ServerState::standby) {
        return;
    }
    if (server_->receiver) {
        const auto& mine = *server_->receiver;
        auto* primary = Databases::current().at(mine.peer);
        const bool reset = (!primary->server_ || primary->sender(mine.id) == nullptr) &&
                           Network::current().both_ways(name(), mine.peer);
        if (reset || Machine::current().now() - mine.heard_at > broken_after) {
            server_->receiver.reset();
        } else {
            reply();
        }
    }
    if (!server_->receiver) {
        connect_after(0);
    }
    later(between_replies, [this] { keep_alive(); });
}

void Database::drop_silent_senders() {
    const auto now = Machine::current().now();
    std::erase_if(server_->senders,
                  [now](const Sender& each) { return now - each.heard_at > broken_after; });
    const auto* standby = sender_named(server_->obeyed);
    if (flaws_.relaxes_by_itself && (standby == nullptr || now - standby->heard_at > 2 * second)) {
        obey({});
    }
    later(between_replies, [this] { drop_silent_senders(); });
}

/// The kernel closes the connections of a dead process: whoever is reached hears of it.
void Database::hang_up_on_peers(const Server& dead) {
    for (const auto& gone : dead.senders) {
        auto* standby = Databases::current().at(gone.peer);
        if (Network::current().passes(name(), gone.peer) && standby->server_ &&
            standby->server_->receiver && standby->server_->receiver->id == gone.id) {
            standby->server_->receiver.reset();
            standby->connect_after(between_connects);
        }
    }
    if (dead.receiver && Network::current().passes(name(), dead.receiver->peer)) {
        auto* primary = Databases::current().at(dead.receiver->peer);
        if (primary->server_) {
            std::erase_if(primary->server_->senders,
                          [&dead](const Sender& each) { return each.id == dead.receiver->id; });
        }
    }
}

} // namespace lockstep::sim
