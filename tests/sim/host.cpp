#include "tests/sim/host.h"

namespace lockstep::sim {
namespace {

Hosts* the_hosts = nullptr;

} // namespace

Micros Host::write_takes() const {
    auto& machine = Machine::current();
    const auto usual = machine.random.between(disk_latency / 2, disk_latency * 2);
    if (disk_stalls_until && *disk_stalls_until > machine.now()) {
        return *disk_stalls_until - machine.now() + usual;
    }
    return usual;
}

void Host::end_guardian() {
    if (guard.next) {
        Machine::current().call_off(*guard.next);
    }
    guard = Guarded{};
}

void Host::process_died(pid_t pid, const std::string& how) {
    dead_children.push_back({pid, how});
    const auto found = mourners.find(pid);
    if (found == mourners.end()) {
        return;
    }
    const auto places = std::move(found->second);
    mourners.erase(found);
    for (auto* place : places) {
        place->ring();
    }
}

void Hosts::become_current() {
    the_hosts = this;
}

Hosts& Hosts::current() {
    return *the_hosts;
}

Host& Hosts::add(const std::string& name) {
    return hosts_.try_emplace(name, name).first->second;
}

Host& Hosts::of(const std::filesystem::path& path) {
    auto part = path.begin();
    std::advance(part, 2); // "/", "sim", HOST
    return current().at(part->string());
}

Host* Hosts::with_pid(pid_t pid) {
    for (auto& [name, host] : hosts_) {
        if (host.server != nullptr && host.server->pid() == pid) {
            return &host;
        }
    }
    return nullptr;
}

Host* Hosts::with_process(const Process& process) {
    const auto found = hosts_.find(process.host);
    return found == hosts_.end() ? nullptr : &found->second;
}

} // namespace lockstep::sim
