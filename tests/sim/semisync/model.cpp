#include "tests/sim/semisync/model.h"

#include <algorithm>
#include <utility>

#include "tests/sim/semisync/driver.h"

namespace lockstep::sim {

std::unique_ptr<Driver> SemisyncModel::make_driver(std::filesystem::path folder) {
    return std::make_unique<SemisyncModelDriver>(*this, flaws(), std::move(folder));
}

bool SemisyncModel::holds(std::uint32_t write) const {
    return disk.holds(write) || std::ranges::any_of(data.relay, [write](const Received& received) {
               return received.synced && received.entry.write == write;
           });
}

/// A primary's log is its own; a standby's promise is for one start of its replication.
bool SemisyncModel::is_bound_by(const Promise& promise) const {
    return !disk.standby || flaws().promises_outlive_restarts ||
           (runs() && start() == promise.start);
}

bool SemisyncModel::follows(const EngineModel& upstream) const {
    return runs() && server().receiver.has_value() &&
           descent() == static_cast<const SemisyncModel&>(upstream).descent();
}

Position SemisyncModel::stopped_position() const {
    return mysql::place_of(logged_.descent(), logged()).position;
}

void SemisyncModel::replace_data(Disk made, SemisyncData of) {
    disk = std::move(made);
    data = std::move(of);
    data.committed = disk.log().size();
    forget_counted();
    log_was_replaced();
}

void SemisyncModel::forget_counted() {
    logged_.forget();
    executed_.forget();
}

// What it says of itself ---------------------------------------------------------------------

const mysql::GtidSet& SemisyncModel::logged() const {
    logged_.count(disk.log(), disk.log().size());
    return logged_.names();
}

/// MySQL does not count what waits for the standby; MariaDB's own position does.
const mysql::GtidSet& SemisyncModel::executed() const {
    executed_.count(disk.log(), data.committed);
    return is_mysql() ? executed_.names() : logged();
}

const mysql::Descent& SemisyncModel::descent() const {
    executed_.count(disk.log(), data.committed);
    return executed_.descent();
}

mysql::GtidSet SemisyncModel::with_received(bool only_synced) const {
    auto all = executed();
    for (const auto& received : data.relay) {
        if (received.synced || !only_synced) {
            add(all, received.entry);
        }
    }
    return all;
}

mysql::GtidSet SemisyncModel::held() const {
    return with_received(true);
}

mysql::Place SemisyncModel::place() const {
    auto place = mysql::place_of(descent(), held());
    if (!place.trouble.empty() && descent().known() &&
        mysql::place_of(descent(), executed()).trouble.empty()) {
        place.trouble = "what it received is of a reign whose beginning is not replayed yet";
    }
    return place;
}

std::string SemisyncModel::start() const {
    if (flaws().promises_outlive_restarts) {
        return {};
    }
    return std::to_string(server().pid) + "." + std::to_string(starts_) +
           (applies_ ? "" : " stopped");
}

bool SemisyncModel::waits_now(std::uint64_t end) const {
    return !server().obeyed.empty() &&
           std::ranges::any_of(server().waiting, [end](const Waiter& waiter) {
               return waiter.end == end && waiter.flushed;
           });
}

// A process ----------------------------------------------------------------------------------

/// What the log has is committed, acknowledged or not: phantoms (finding 9). MariaDB never reads
/// its relay logs again (finding 6).
void SemisyncModel::recover() {
    disk.sync(disk.end());
    data.committed = disk.log().size();
    applies_ = false;
    applying_ = false;
    is_held_ = false;
    starts_ = 0;
    not_waited_for_ = 0;
    knows_received_ = is_mysql();
    if (is_mysql()) {
        for (auto& received : data.relay) {
            received.synced = true;
        }
    } else {
        data.relay.clear();
    }
    auto& server = *running();
    const bool waits = ticket->primary && !disk.standby;
    server.setting = waits ? ticket->sync_name : std::string();
    server.obeyed = server.setting;
}

/// No standby follows anybody before it is told to.
void SemisyncModel::came_up() {
    Machine::current().tell("db " + name(), "up as " + std::string(to_string(server().state)) +
                                                " with " + logged().print());
    if (disk.standby) {
        keep_alive();
    } else {
        drop_silent_senders();
    }
}

void SemisyncModel::power_lost() {
    std::erase_if(data.relay, [](const Received& received) { return !received.synced; });
    data.committed = std::min(data.committed, disk.log().size());
    forget_counted();
}

} // namespace lockstep::sim
