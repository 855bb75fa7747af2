#include <algorithm>
#include <utility>

#include "tests/sim/engine.h"
#include "tests/sim/network.h"

/// The stream between two databases: what travels, what waits, and what is said back.
namespace lockstep::sim {
namespace {

constexpr Micros between_connects = 300 * millisecond;
constexpr Micros broken_after = 10 * second; // wal_sender_timeout, slave_net_timeout …
constexpr Micros between_replies = second;   // wal_receiver_status_interval
constexpr Micros sent_again_after = 200 * millisecond;

} // namespace

/// The stream ends here at once; the other side hears of it if the network lets it.
void EngineModel::cut_upstream() {
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

void EngineModel::connect_after(Micros span) {
    if (server_->state != ServerState::standby || server_->connects) {
        return;
    }
    server_->connects = true;
    later(span, [this] {
        server_->connects = false;
        connect();
    });
}

void EngineModel::connect() {
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

void EngineModel::accept(EngineModel& standby, std::uint64_t id) {
    Sender made;
    made.id = id;
    made.peer = standby.name();
    made.peer_pid = standby.server_->pid;
    made.name = standby.server_->stream_name;
    made.heard_at = Machine::current().now();
    if (!admit(standby, made)) {
        return;
    }
    made.arrived = made.next;
    standby.server_->receiver = Receiver{id, name(), made.name, made.heard_at};
    server_->senders.push_back(made);
    Machine::current().tell("db " + standby.name(),
                            "streams from " + name() + " as " + made.name +
                                (made.poisoned ? ", though it left that history" : ""));
    standby.reply();
    pump(server_->senders.back());
}

void EngineModel::pump(Sender& to) {
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

void EngineModel::arrive(std::uint64_t id, std::uint64_t flight,
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
        standby->later(0, [standby, id, take = deliver(entries)] {
            const auto* server = standby->running();
            if (server->receiver && server->receiver->id == id &&
                server->state == ServerState::standby) {
                standby->server_->receiver->heard_at = Machine::current().now();
                take(*standby);
            }
        });
    }
}

/// What is under way did not get through: all of it is sent again, in order, in a while.
void EngineModel::send_again(Sender& to) {
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

/// Says how far it has flushed. The word travels, and may arrive when all has changed.
void EngineModel::reply() {
    if (!server_->receiver) {
        return;
    }
    const auto peer = server_->receiver->peer;
    Machine::current().after(
        Network::current().latency(), [this, peer, flushed = said(), id = server_->receiver->id] {
            auto* primary = Databases::current().at(peer);
            if (Network::current().passes(name(), peer) && primary->server_) {
                primary->later(0, [primary, id, flushed] { primary->reply_arrived(id, flushed); });
            }
        });
}

void EngineModel::reply_arrived(std::uint64_t id, std::uint64_t flushed) {
    auto* from = sender(id);
    if (from == nullptr) {
        return;
    }
    from->flushed = std::max(from->flushed, flushed);
    from->heard_at = Machine::current().now();
    settle();
}

/// A standby says where it is each second, and gives up a stream that is silent for too long.
void EngineModel::keep_alive() {
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

void EngineModel::drop_silent_senders() {
    const auto now = Machine::current().now();
    std::erase_if(server_->senders,
                  [now](const Sender& each) { return now - each.heard_at > broken_after; });
    const auto* standby = acknowledging();
    if (flaws_.relaxes_by_itself && (standby == nullptr || now - standby->heard_at > 2 * second)) {
        obey({});
    }
    later(between_replies, [this] { drop_silent_senders(); });
}

/// The primary ends all its streams.
void EngineModel::end_senders() {
    for (const auto& gone : std::exchange(server_->senders, {})) {
        hang_up_on_standby(gone);
    }
}

void EngineModel::hang_up_on_standby(const Sender& gone) {
    auto* standby = Databases::current().at(gone.peer);
    if (Network::current().passes(name(), gone.peer) && standby->server_ &&
        standby->server_->receiver && standby->server_->receiver->id == gone.id) {
        standby->server_->receiver.reset();
        standby->connect_after(between_connects);
    }
}

/// The kernel closes the connections of a dead process: whoever is reached hears of it.
void EngineModel::hang_up_on_peers(const Server& dead) {
    for (const auto& gone : dead.senders) {
        hang_up_on_standby(gone);
    }
    if (dead.receiver && Network::current().passes(name(), dead.receiver->peer)) {
        auto* primary = Databases::current().at(dead.receiver->peer);
        if (primary->server_) {
            std::erase_if(primary->server_->senders,
                          [&dead](const Sender& each) { return each.id == dead.receiver->id; });
        }
    }
}

const Sender* EngineModel::sender_named(const std::string& sync_name) const {
    if (sync_name.empty() || !server_) {
        return nullptr;
    }
    const auto found = std::ranges::find(server_->senders, sync_name, &Sender::name);
    return found == server_->senders.end() ? nullptr : &*found;
}

Sender* EngineModel::sender(std::uint64_t id) {
    const auto found = std::ranges::find(server_->senders, id, &Sender::id);
    return found == server_->senders.end() ? nullptr : &*found;
}

} // namespace lockstep::sim
