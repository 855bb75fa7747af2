#include "tests/support/testbed/network.h"

#include <csignal>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace lockstep::testbed {

namespace {

constexpr auto switch_host = "the switch";

std::string namespace_file(pid_t holder) {
    return "/proc/" + std::to_string(holder) + "/ns/net";
}

void wait_until_unshared(pid_t holder, const std::string& home) {
    const auto by = in(Milliseconds{5000});
    for (;;) {
        std::error_code gone;
        const auto now = std::filesystem::read_symlink(namespace_file(holder), gone).string();
        if (!gone && now != home) {
            return;
        }
        if (Clock::now() > by) {
            throw Failure("cannot make a network namespace; this needs root (CAP_SYS_ADMIN)");
        }
        std::this_thread::sleep_for(Milliseconds{1});
    }
}

} // namespace

Network::Network(const std::vector<Host>& hosts, Watchdog& watchdog) {
    home_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    const auto home = std::filesystem::read_symlink("/proc/thread-self/ns/net").string();
    std::vector<std::string> names{switch_host};
    for (const auto& host : hosts) {
        names.push_back(host.name);
    }
    for (const auto& name : names) {
        holders_[name] = start({{"unshare", "--net", "sleep", "infinity"}, {}, "/"}, "/dev/null");
        watchdog.also(holders_[name]);
    }
    for (const auto& [name, holder] : holders_) {
        wait_until_unshared(holder, home);
    }
    auto command = on(switch_host);
    command.insert(command.end(), {"ip", "-batch", "-"});
    must_run({command, {}, {}}, in(Milliseconds{5000}),
             "link add br0 type bridge\nlink set br0 up\n");
    for (const auto& host : hosts) {
        connect(host);
    }
}

Network::~Network() {
    leave();
    close(home_);
    for (const auto& [name, holder] : holders_) {
        kill(holder, SIGKILL);
    }
}

void Network::connect(const Host& host) {
    const std::string holder = std::to_string(holders_.at(host.name));
    auto command = on(switch_host);
    command.insert(command.end(), {"ip", "-batch", "-"});
    must_run({command, {}, {}}, in(Milliseconds{5000}),
             "link add to-" + host.name + " type veth peer name eth0 netns " + holder +
                 "\nlink set to-" + host.name + " master br0 up\n");
    command = on(host.name);
    command.insert(command.end(), {"ip", "-batch", "-"});
    must_run({command, {}, {}}, in(Milliseconds{5000}),
             "link set lo up\naddress add " + host.address + "/24 dev eth0\nlink set eth0 up\n");
}

std::vector<std::string> Network::on(const std::string& host) const {
    return {"nsenter", "--net=" + namespace_file(holders_.at(host)), "--"};
}

void Network::enter(const std::string& host) const {
    const int there = open(namespace_file(holders_.at(host)).c_str(), O_RDONLY | O_CLOEXEC);
    const int entered = setns(there, CLONE_NEWNET);
    close(there);
    if (entered != 0) {
        throw Failure("enter the network of " + host + ": " + strerrordesc_np(errno));
    }
}

void Network::leave() const {
    if (setns(home_, CLONE_NEWNET) != 0) {
        throw Failure(std::string("leave the network: ") + strerrordesc_np(errno));
    }
}

void Network::cut(const std::string& host) const {
    set_link(host, "down");
}

void Network::heal(const std::string& host) const {
    set_link(host, "up");
}

// A bridge carries nothing from one isolated port to another.
void Network::cut_between(const std::string& one, const std::string& other) const {
    set_isolated(one, "on");
    set_isolated(other, "on");
}

void Network::heal_between(const std::string& one, const std::string& other) const {
    set_isolated(one, "off");
    set_isolated(other, "off");
}

void Network::set_isolated(const std::string& host, const std::string& state) const {
    auto command = on(switch_host);
    command.insert(command.end(),
                   {"bridge", "link", "set", "dev", "to-" + host, "isolated", state});
    must_run({command, {}, {}}, in(Milliseconds{5000}));
}

void Network::set_link(const std::string& host, const std::string& state) const {
    auto command = on(switch_host);
    command.insert(command.end(), {"ip", "link", "set", "to-" + host, state});
    must_run({command, {}, {}}, in(Milliseconds{5000}));
}

} // namespace lockstep::testbed
