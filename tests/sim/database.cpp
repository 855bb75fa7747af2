#include "tests/sim/database.h"

#include <algorithm>
#include <utility>

#include "tests/sim/network.h"

namespace lockstep::sim {
namespace {

Databases* the_databases = nullptr;
constexpr Micros dies_at_once_after = 5 * millisecond;
constexpr Micros looks_again_after = 10 * millisecond;
constexpr std::uint64_t largest_record = 400;

} // namespace

void Databases::become_current() {
    the_databases = this;
}

Databases& Databases::current() {
    return *the_databases;
}

Database* Databases::at(const std::string& host) {
    const auto found = databases_.find(host);
    return found == databases_.end() ? nullptr : found->second;
}

Database::Database(Host& host, const EngineFlaws& flaws, Witness& witness)
    : host_(host), flaws_(flaws), witness_(witness) {
    host_.server = this;
}

std::optional<pid_t> Database::pid() const {
    return server_ ? std::optional(server_->pid) : std::nullopt;
}

/// Does it when `span` has passed, if the process lives; when it goes on, if it is frozen then.
void Database::later(Micros span, std::function<void()> what) {
    Machine::current().after(span, [this, pid = server_->pid, what = std::move(what)]() mutable {
        if (!server_ || server_->pid != pid) {
            return;
        }
        if (server_->frozen) {
            server_->held_back.push_back(std::move(what));
            return;
        }
        what();
    });
}

pid_t Database::launch() {
    auto& random = Machine::current().random;
    server_ = std::make_unique<Server>();
    server_->pid = Hosts::current().new_pid();
    if (!ticket || !disk.exists) {
        later(dies_at_once_after, [this] { kill("exit status 1"); });
        return server_->pid;
    }
    disk.sync(disk.end()); // Recovery begins with it.
    server_->setting = ticket->sync_name;
    server_->door = ticket->door;
    server_->obeyed = flaws_.starts_without_sync_name ? std::string() : ticket->sync_name;
    server_->upstream = ticket->upstream;
    server_->stream_name = ticket->stream_name;
    const auto usual = random.between(20, 150) * millisecond;
    later(random.one_in(12) ? usual + random.between(0, 2) * second : usual, [this] { come_up(); });
    return server_->pid;
}

void Database::come_up() {
    disk.clean = false;
    server_->state = disk.standby ? ServerState::standby : ServerState::primary;
    Machine::current().tell("db " + name(), "up as " + std::string(to_string(server_->state)) +
                                                " on " + disk.lineage.history().text + " at " +
                                                std::to_string(disk.end()));
    if (disk.standby) {
        connect_after(0);
        keep_alive();
        return;
    }
    drop_silent_senders();
    if (server_->door == Door::open) {
        witness_.came_up_writable(*this, LetIn::at_once);
    }
}

void Database::kill(const std::string& how) {
    if (!server_) {
        return;
    }
    Machine::current().tell("db " + name(), how);
    const auto dead = std::move(server_);
    for (const auto& waiter : dead->waiting) {
        waiter.done(false);
    }
    hang_up_on_peers(*dead);
    host_.process_died(dead->pid, how);
    witness_.went_down(*this);
}

void Database::freeze() {
    if (server_) {
        Machine::current().tell("db " + name(), "frozen");
        server_->frozen = true;
    }
}

void Database::thaw() {
    if (!is_frozen()) {
        return;
    }
    Machine::current().tell("db " + name(), "goes on");
    server_->frozen = false;
    const auto pid = server_->pid;
    for (auto& what : std::exchange(server_->held_back, {})) {
        if (server_ && server_->pid == pid) {
            what();
        }
    }
}

void Database::lose_power() {
    kill("lost power");
    ticket.reset();
    disk.lose_power();
    witness_.log_replaced(*this);
}

void Database::append(std::uint32_t write, std::uint64_t end) {
    disk.append({Databases::current().new_id(), end, write});
}

void Database::commit(std::uint32_t write, std::function<void(bool)> done) {
    const bool refused =
        server_ && (server_->stopping || (write != 0 && server_->door == Door::shut));
    if (!is_primary() || refused) {
        done(false);
        return;
    }
    if (server_->frozen) {
        server_->held_back.push_back([this, write, done] { commit(write, done); });
        return;
    }
    const auto end = disk.end() + 40 + Machine::current().random.below(largest_record);
    const auto begun_at = Machine::current().now();
    append(write, end);
    server_->waiting.push_back({std::nullopt, write, begun_at, std::move(done)});
    later(flush_takes(), [this, end, write, begun_at] {
        synced(end);
        for (auto& waiter : server_->waiting) {
            if (waiter.write == write && waiter.begun_at == begun_at) {
                waiter.end = end;
            }
        }
        settle();
    });
}

/// What is committed and waits for nobody is visible, and so is everything that a restart found
/// (F16).
void Database::read() {
    const bool answers = is_primary() && !server_->frozen && !server_->stopping;
    if (!answers || server_->door == Door::shut) {
        return;
    }
    const auto& log = disk.log();
    bool all = true;
    for (auto i = server_->read_from; i < log.size(); ++i) {
        const auto write = log[i].write;
        const bool waits = std::ranges::any_of(
            server_->waiting, [write](const Waiter& waiter) { return waiter.write == write; });
        if (write != 0 && !waits) {
            witness_.seen(*this, write);
        }
        all = all && !(write != 0 && waits);
        server_->read_from = all ? i + 1 : server_->read_from;
    }
}

void Database::synced(std::uint64_t up_to) {
    disk.sync(up_to);
    for (auto& each : server_->senders) {
        pump(each);
    }
}

/// Lets go whoever does not have to wait any more.
void Database::settle() {
    if (!is_primary()) {
        return;
    }
    if (const auto* standby = sender_named(server_->obeyed)) {
        server_->mark = std::max(server_->mark, standby->flushed);
    }
    std::vector<Waiter> released;
    std::erase_if(server_->waiting, [&](Waiter& waiter) {
        const bool goes = waiter.end && (server_->obeyed.empty() || *waiter.end <= server_->mark);
        if (goes) {
            released.push_back(std::move(waiter));
        }
        return goes;
    });
    for (const auto& waiter : released) {
        if (waiter.write != 0) {
            witness_.acknowledged(*this, waiter.write, waiter.begun_at);
        }
        waiter.done(true);
    }
}

bool Database::waits_for_its_disk() const {
    return server_ && std::ranges::any_of(server_->waiting, [](const Waiter& waiter) {
               return !waiter.end.has_value();
           });
}

void Database::shut_door() {
    server_->door = Door::shut;
}

bool Database::has_clients_waiting() const {
    return server_ && std::ranges::any_of(server_->waiting,
                                          [](const Waiter& waiter) { return waiter.write != 0; });
}

void Database::shut_down() {
    if (server_->stopping) {
        return;
    }
    server_->stopping = true;
    for (const auto& waiter : std::exchange(server_->waiting, {})) {
        waiter.done(false);
    }
    if (!is_primary()) {
        later(Machine::current().random.between(20, 300) * millisecond,
              [this] { kill("exit status 0"); });
        return;
    }
    later(flush_takes(), [this] {
        append(0, disk.end() + largest_record); // The shutdown checkpoint.
        synced(disk.end());
        end_shutdown();
    });
}

/// It ends when every stream has confirmed everything, or is gone.
void Database::end_shutdown() {
    const auto end = disk.end();
    const bool confirmed = std::ranges::all_of(server_->senders, [end](const Sender& each) {
        return each.poisoned || each.flushed >= end;
    });
    if (!confirmed) {
        later(looks_again_after, [this] { end_shutdown(); });
        return;
    }
    disk.clean = true;
    kill("exit status 0");
}

const Sender* Database::sender_named(const std::string& sync_name) const {
    if (sync_name.empty() || !server_) {
        return nullptr;
    }
    const auto found = std::ranges::find(server_->senders, sync_name, &Sender::name);
    return found == server_->senders.end() ? nullptr : &*found;
}

Sender* Database::sender(std::uint64_t id) {
    const auto found = std::ranges::find(server_->senders, id, &Sender::id);
    return found == server_->senders.end() ? nullptr : &*found;
}

/// The setting changes at once; that the engine obeys it takes until the checkpointer has time.
void Database::configure_primary(const std::string& sync_name, Door door) {
    const bool opens = server_->door == Door::shut && door == Door::open;
    server_->door = door;
    if (opens) {
        witness_.came_up_writable(*this, LetIn::past_the_door);
    }
    server_->setting = sync_name;
    auto& random = Machine::current().random;
    const auto usual = random.between(1, 20) * millisecond;
    const auto busy = random.between(0, 3000) * millisecond;
    later(random.one_in(6) ? busy : usual, [this] { obey(server_->setting); });
}

void Database::obey(const std::string& setting) {
    server_->obeyed = setting;
    settle();
}

void Database::replace_data(Disk made) {
    disk = std::move(made);
    witness_.log_replaced(*this);
}

void Database::begin_timeline() {
    disk.sync(disk.end());
    disk.lineage.ancestors.push_back({disk.lineage.timeline, disk.end()});
    ++disk.lineage.timeline;
    disk.standby = false;
    server_->receiver.reset();
    server_->state = ServerState::primary;
    // It comes up waiting for whom its ticket says: nobody, after cut_upstream().
    server_->mark = 0;
    drop_silent_senders();
    Machine::current().tell("db " + name(), "promoted to " + disk.lineage.history().text);
    if (server_->door == Door::open) {
        witness_.came_up_writable(*this, LetIn::at_once);
    }
}

/// F2: nothing more is written to the segment in which this history began.
void Database::switch_segment() {
    if (flaws_.stays_in_segment || disk.lineage.ancestors.empty()) {
        return;
    }
    const auto fork = disk.lineage.ancestors.back().at;
    if (segment_of(fork) == segment_of(disk.end())) {
        append(0, (segment_of(fork) + 1) * segment_bytes);
        synced(disk.end());
    }
}

} // namespace lockstep::sim
