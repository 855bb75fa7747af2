#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "platform/process.h"
#include "tests/sim/machine.h"

namespace lockstep::sim {

/// What the simulated platform needs to know of the database server on a host.
class ServerBox {
public:
    virtual ~ServerBox() = default;
    [[nodiscard]] virtual std::optional<pid_t> pid() const = 0;
    /// A new process of it; it may die at once.
    virtual pid_t launch() = 0;
    virtual void kill(const std::string& how) = 0;
    /// Without it the server does not start again.
    virtual void lose_ticket() = 0;
    [[nodiscard]] virtual bool folder_is_empty() const = 0;
    /// Whether anybody accepts a TCP connection at its port.
    [[nodiscard]] virtual bool accepts() const = 0;
};

/// What an agent told its guardian last.
struct Guarded {
    std::optional<std::chrono::milliseconds> limit;
    std::chrono::milliseconds fed_at{0};
    std::optional<Appointment> next; // When the guardian looks again; empty: none runs.
};

/// The disk of a host, and who runs there. Survives every process.
class Host {
public:
    explicit Host(std::string host_name) : name(std::move(host_name)) {}

    const std::string name;
    ServerBox* server = nullptr;
    Process* agent = nullptr; // Null while it is down.
    std::map<std::string, std::string> files;
    std::map<std::string, std::uint64_t> sizes; // Of files whose content is nothing.
    std::map<std::string, std::string> marks;
    Micros disk_latency = millisecond;
    Micros write_began = 0;                  // The one that was finished last.
    std::optional<Micros> disk_stalls_until; // Nothing is synced before.
    Guarded guard;
    std::vector<Reaped> dead_children;
    std::map<pid_t, std::vector<Place*>> mourners; // Who waits for the death of which process.

    /// How long a small durable write takes now.
    [[nodiscard]] Micros write_takes() const;
    /// Everything that runs there ends at once.
    void end_guardian();
    void process_died(pid_t pid, const std::string& how);
};

/// All hosts of this history, by the first label of a path below /sim.
class Hosts {
public:
    void become_current();
    [[nodiscard]] static Hosts& current();
    Host& add(const std::string& name);
    [[nodiscard]] Host& at(const std::string& name) { return hosts_.at(name); }
    [[nodiscard]] static Host& of(const std::filesystem::path& path);
    /// The host whose server has this pid.
    [[nodiscard]] Host* with_pid(pid_t pid);
    [[nodiscard]] Host* with_process(const Process& process);
    template <class Do> void for_each(Do act) {
        for (auto& [name, host] : hosts_) {
            act(host);
        }
    }
    [[nodiscard]] pid_t new_pid() { return ++last_pid_; }

private:
    std::map<std::string, Host> hosts_;
    pid_t last_pid_ = 1 << 23; // Above the kernel's largest: no real process has it.
};

} // namespace lockstep::sim
