#include "tests/sim/engine.h"

#include <algorithm>
#include <utility>

namespace lockstep::sim {
namespace {

Databases* the_databases = nullptr;
constexpr Micros dies_at_once_after = 5 * millisecond;
constexpr Micros looks_again_after = 10 * millisecond;

} // namespace

void Databases::become_current() {
    the_databases = this;
}

Databases& Databases::current() {
    return *the_databases;
}

EngineModel* Databases::at(const std::string& host) {
    const auto found = databases_.find(host);
    return found == databases_.end() ? nullptr : found->second;
}

EngineModel::EngineModel(Host& host, const EngineFlaws& flaws, Witness& witness)
    : host_(host), flaws_(flaws), witness_(witness) {
    host_.server = this;
}

std::optional<pid_t> EngineModel::pid() const {
    return server_ ? std::optional(server_->pid) : std::nullopt;
}

/// Does it when `span` has passed, if the process lives; when it goes on, if it is frozen then.
void EngineModel::later(Micros span, std::function<void()> what) {
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

pid_t EngineModel::launch() {
    auto& random = Machine::current().random;
    server_ = std::make_unique<Server>();
    server_->pid = Hosts::current().new_pid();
    if (!ticket || !disk.exists) {
        later(dies_at_once_after, [this] { kill("exit status 1"); });
        return server_->pid;
    }
    server_->door = ticket->door;
    recover();
    const auto usual = random.between(20, 150) * millisecond;
    later(random.one_in(12) ? usual + random.between(0, 2) * second : usual, [this] { come_up(); });
    return server_->pid;
}

void EngineModel::come_up() {
    disk.clean = false;
    server_->state = disk.standby ? ServerState::standby : ServerState::primary;
    came_up();
    if (is_primary() && server_->door == Door::open) {
        let_clients_in(LetIn::at_once);
    }
}

void EngineModel::kill(const std::string& how) {
    if (!server_) {
        return;
    }
    Machine::current().tell("db " + name(), how);
    const auto dead = std::move(server_);
    for (const auto& waiter : dead->waiting) {
        if (waiter.done) {
            waiter.done(false);
        }
    }
    hang_up_on_peers(*dead);
    process_ended();
    host_.process_died(dead->pid, how);
    witness_.went_down(*this);
}

void EngineModel::freeze() {
    if (server_) {
        Machine::current().tell("db " + name(), "frozen");
        server_->frozen = true;
    }
}

void EngineModel::thaw() {
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

void EngineModel::lose_power() {
    kill("lost power");
    ticket.reset();
    disk.lose_power();
    power_lost();
    witness_.log_replaced(*this);
}

void EngineModel::append(std::uint32_t write) {
    disk.append(next_entry(write));
}

void EngineModel::commit(std::uint32_t write, std::function<void(bool)> done) {
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
    const auto begun_at = Machine::current().now();
    append(write);
    const auto end = disk.end();
    server_->waiting.push_back({end, false, write, begun_at, std::move(done)});
    later(flush_takes(), [this, end] {
        synced(end);
        for (auto& waiter : server_->waiting) {
            waiter.flushed = waiter.flushed || waiter.end == end;
        }
        settle();
    });
}

/// What is committed and waits for nobody is visible, and so is everything that a restart found
/// (F16).
void EngineModel::read() {
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

void EngineModel::synced(std::uint64_t up_to) {
    disk.sync(up_to);
    for (auto& each : server_->senders) {
        pump(each);
    }
}

/// Lets go whoever does not have to wait any more.
void EngineModel::settle() {
    if (!is_primary()) {
        return;
    }
    if (const auto* standby = acknowledging()) {
        server_->mark = std::max(server_->mark, standby->flushed);
    }
    std::vector<Waiter> released;
    std::erase_if(server_->waiting, [&](Waiter& waiter) {
        const bool goes =
            waiter.flushed && (server_->obeyed.empty() || waiter.end <= server_->mark);
        if (goes) {
            released.push_back(std::move(waiter));
        }
        return goes;
    });
    settled();
    for (const auto& waiter : released) {
        if (waiter.write != 0 && waiter.done) {
            witness_.acknowledged(*this, waiter.write, waiter.begun_at);
        }
        if (waiter.done) {
            waiter.done(true);
        }
    }
}

void EngineModel::obey(const std::string& setting) {
    server_->obeyed = setting;
    settle();
}

bool EngineModel::waits_for_its_disk() const {
    return server_ && std::ranges::any_of(server_->waiting,
                                          [](const Waiter& waiter) { return !waiter.flushed; });
}

bool EngineModel::has_clients_waiting() const {
    return server_ && std::ranges::any_of(server_->waiting,
                                          [](const Waiter& waiter) { return waiter.write != 0; });
}

void EngineModel::answer_before_stop() {
    for (const auto& waiter : std::exchange(server_->waiting, {})) {
        if (waiter.done) {
            waiter.done(false);
        }
    }
}

void EngineModel::shut_down() {
    if (server_->stopping) {
        return;
    }
    server_->stopping = true;
    answer_before_stop();
    if (!is_primary()) {
        later(Machine::current().random.between(20, 300) * millisecond,
              [this] { kill("exit status 0"); });
        return;
    }
    later(flush_takes(), [this] {
        write_last_record();
        synced(disk.end());
        end_shutdown();
    });
}

void EngineModel::end_shutdown() {
    if (!may_end()) {
        later(looks_again_after, [this] { end_shutdown(); });
        return;
    }
    disk.clean = true;
    kill("exit status 0");
}

} // namespace lockstep::sim
