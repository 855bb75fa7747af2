#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "drivers/mysql/schema.h"
#include "tests/sim/semisync/model.h"

/// A primary: what its commits are called, and for whom they wait.
namespace lockstep::sim {
namespace {

std::string random_mark() {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx",
                  static_cast<unsigned long long>(Machine::current().random.next()));
    return text.data();
}

} // namespace

/// MySQL counts each writer's transactions; MariaDB all of its domain's.
LogEntry SemisyncModel::named_entry(std::uint32_t write, std::optional<mysql::Reign> begins) {
    const auto& log = disk.log();
    Named made;
    made.begins = std::move(begins);
    if (is_mysql()) {
        made.writer = data.writer;
        const auto& writers = logged().writers();
        const auto own = writers.find(made.writer);
        made.number = own == writers.end() ? 1 : own->second.back().last + 1;
    } else {
        made.writer = "0-" + data.writer;
        made.number = log.empty() ? 1 : log.back().named->number + 1;
    }
    return {Databases::current().new_id(), disk.end() + 1, write,
            std::make_shared<const Named>(std::move(made))};
}

LogEntry SemisyncModel::next_entry(std::uint32_t write) {
    return named_entry(write, std::nullopt);
}

void SemisyncModel::begin_reign() {
    mysql::Reign reign;
    reign.number = descent().reigns.size() + 1;
    reign.writer = data.writer;
    reign.mark = random_mark();
    reign.began = is_mysql() ? executed() : last_of(flavour_, disk.log());
    append(named_entry(0, std::move(reign)));
    synced(disk.end());
    settled();
}

/// Any stream that acknowledges lets commits go: the engine knows no names.
const Sender* SemisyncModel::acknowledging() const {
    const Sender* best = nullptr;
    for (const auto& sender : server().senders) {
        const bool acknowledges = mysql::is_sync_account(sender.name);
        if (acknowledges && (best == nullptr || sender.flushed > best->flushed)) {
            best = &sender;
        }
    }
    return best;
}

/// AFTER_SYNC: whatever is not waited for any more is committed, in the log's order.
void SemisyncModel::settled() {
    auto first = disk.log().size();
    for (const auto& waiter : server().waiting) {
        first = std::min(first, static_cast<std::size_t>(waiter.end - 1));
    }
    data.committed = std::max(data.committed, first);
}

void SemisyncModel::set_wait(const std::string& setting) {
    running()->setting = setting;
    auto& random = Machine::current().random;
    const auto usual = random.between(1, 20) * millisecond;
    const auto busy =
        random.between(0, 1000) * millisecond; // Its acknowledgement thread: finding 2.
    later(random.one_in(6) ? busy : usual, [this] { obey(running()->setting); });
}

void SemisyncModel::set_door(Door door) {
    auto& server = *running();
    const bool opens = server.door == Door::shut && door == Door::open;
    server.door = door;
    if (opens && is_primary()) {
        let_clients_in(LetIn::past_the_door);
    }
}

/// They hear nothing. On MySQL their commits wait on; MariaDB commits what waits (field 3e).
void SemisyncModel::cut_clients() {
    auto& waiting = running()->waiting;
    for (auto& waiter : waiting) {
        if (waiter.write != 0 && waiter.done) {
            std::exchange(waiter.done, {})(false);
        }
    }
    if (is_mysql() || server().obeyed.empty()) {
        return;
    }
    const auto dropped = std::erase_if(
        waiting, [](const Waiter& waiter) { return waiter.write != 0 && waiter.flushed; });
    not_waited_for_ += dropped;
    settled();
}

/// Finding 1: MySQL tells whoever waits that all is well.
void SemisyncModel::answer_before_stop() {
    if (!is_mysql()) {
        EngineModel::answer_before_stop();
        return;
    }
    obey({});
    EngineModel::answer_before_stop();
}

void SemisyncModel::forget_upstream() {
    data.upstream.reset();
    data.stream_name.clear();
    data.relay.clear(); // All of it is replayed.
    running()->receiver.reset();
}

void SemisyncModel::open_for_writes() {
    auto& server = *running();
    server.state = ServerState::primary;
    server.mark = 0;
    drop_silent_senders();
    Machine::current().tell("db " + name(), "promoted to " + mysql::to_history(descent()).text);
    if (server.door == Door::open) {
        let_clients_in(LetIn::at_once);
    }
}

} // namespace lockstep::sim
