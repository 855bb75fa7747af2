#include "tests/sim/postgres/model.h"

#include <algorithm>
#include <utility>

#include "tests/sim/postgres/driver.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t largest_record = 400;

} // namespace

std::unique_ptr<Driver> PostgresModel::make_driver(std::filesystem::path folder) {
    return std::make_unique<PostgresModelDriver>(*this, flaws(), std::move(folder));
}

bool PostgresModel::follows(const EngineModel& upstream) const {
    return runs() && server().receiver.has_value() &&
           lineage == static_cast<const PostgresModel&>(upstream).lineage;
}

void PostgresModel::recover() {
    disk.sync(disk.end()); // Recovery begins with it.
    auto& server = *running();
    server.setting = ticket->sync_name;
    server.obeyed = flaws().starts_without_sync_name ? std::string() : ticket->sync_name;
    server.upstream = ticket->upstream;
    server.stream_name = ticket->stream_name;
}

void PostgresModel::came_up() {
    Machine::current().tell("db " + name(), "up as " + std::string(to_string(server().state)) +
                                                " on " + lineage.history().text + " at " +
                                                std::to_string(disk.end()));
    if (!disk.standby) {
        drop_silent_senders();
        return;
    }
    connect_after(0);
    keep_alive();
}

LogEntry PostgresModel::next_entry(std::uint32_t write) {
    return entry(write, disk.end() + 40 + Machine::current().random.below(largest_record));
}

const Sender* PostgresModel::acknowledging() const {
    return sender_named(server().obeyed);
}

/// The shutdown checkpoint.
void PostgresModel::write_last_record() {
    append(entry(0, disk.end() + largest_record));
}

/// A fast shutdown ends when every stream has confirmed everything, or is gone (F22).
bool PostgresModel::may_end() const {
    const auto end = disk.end();
    return std::ranges::all_of(server().senders, [end](const Sender& each) {
        return each.poisoned || each.flushed >= end;
    });
}

/// The setting is shown at once; the engine obeys it when its checkpointer gets to it (F20).
void PostgresModel::configure_primary(const std::string& sync_name, Door door) {
    auto& server = *running();
    const bool opens = server.door == Door::shut && door == Door::open;
    server.door = door;
    if (opens) {
        let_clients_in(LetIn::past_the_door);
    }
    server.setting = sync_name;
    auto& random = Machine::current().random;
    const auto usual = random.between(1, 20) * millisecond;
    const auto busy = random.between(0, 3000) * millisecond;
    later(random.one_in(6) ? busy : usual, [this] { obey(running()->setting); });
}

void PostgresModel::configure_standby(const std::optional<Member>& upstream,
                                      const std::string& stream_name) {
    auto& server = *running();
    const bool same = server.stream_name == stream_name &&
                      server.upstream.has_value() == upstream.has_value() &&
                      (!upstream || server.upstream->address == upstream->address);
    server.upstream = upstream;
    server.stream_name = stream_name;
    if (same) {
        return;
    }
    cut_upstream();
    server.upstream = upstream;
    connect_after(Machine::current().random.between(2, 40) * millisecond);
}

void PostgresModel::replace_data(Disk made, Lineage of) {
    disk = std::move(made);
    lineage = std::move(of);
    log_was_replaced();
}

void PostgresModel::begin_timeline() {
    disk.sync(disk.end());
    lineage.ancestors.push_back({lineage.timeline, disk.end()});
    ++lineage.timeline;
    disk.standby = false;
    auto& server = *running();
    server.receiver.reset();
    server.state = ServerState::primary;
    // It comes up waiting for whom its ticket says: nobody, after cut_upstream().
    server.mark = 0;
    drop_silent_senders();
    Machine::current().tell("db " + name(), "promoted to " + lineage.history().text);
    if (server.door == Door::open) {
        let_clients_in(LetIn::at_once);
    }
}

/// F2: nothing more is written to the segment in which this history began.
void PostgresModel::switch_segment() {
    if (flaws().stays_in_segment || lineage.ancestors.empty()) {
        return;
    }
    const auto fork = lineage.ancestors.back().at;
    if (segment_of(fork) == segment_of(disk.end())) {
        append(entry(0, (segment_of(fork) + 1) * segment_bytes));
        synced(disk.end());
    }
}

} // namespace lockstep::sim
