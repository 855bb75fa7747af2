#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/testbed/children.h"
#include "tests/support/watchdog/watchdog.h"

namespace lockstep::testbed {

/// Hosts as network namespaces, each with one link into a bridge that lives in a namespace of its
/// own. The namespaces have no names: they end with the processes in them, so runs cannot collide
/// and a killed run leaves none behind.
class Network {
public:
    struct Host {
        std::string name;
        std::string address; // In 10.77.0.0/24.
    };
    Network(const std::vector<Host>& hosts, Watchdog& watchdog);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

    /// What to put before a command that shall run on `host`.
    [[nodiscard]] std::vector<std::string> on(const std::string& host) const;
    /// From here on this thread, and what it starts, is on `host`.
    void enter(const std::string& host) const;
    /// Back to where the harness was started.
    void leave() const;
    /// Pulls the cable of `host`, or plugs it in again.
    void cut(const std::string& host) const;
    void heal(const std::string& host) const;
    /// Cuts only the way between two hosts; both still reach every other one. One such cut at a
    /// time.
    void cut_between(const std::string& one, const std::string& other) const;
    void heal_between(const std::string& one, const std::string& other) const;

private:
    void connect(const Host& host);
    void set_link(const std::string& host, const std::string& state) const;
    void set_isolated(const std::string& host, const std::string& state) const;

    std::map<std::string, pid_t> holders_; // A sleeping process that keeps each namespace.
    int home_ = -1;
};

} // namespace lockstep::testbed
