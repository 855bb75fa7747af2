#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/sim/machine.h"

namespace lockstep::sim {

/// Hosts and the links between them, each direction for itself. What travels as a stream waits
/// while its direction is cut, as TCP makes it.
class Network {
public:
    Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] static Network& current();
    void become_current();

    void cut(const std::string& from, const std::string& to) { cuts_.insert({from, to}); }
    void mend(const std::string& from, const std::string& to) { cuts_.erase({from, to}); }
    void mend_all() { cuts_.clear(); }
    void take_down(const std::string& host) { down_.insert(host); }
    void bring_up(const std::string& host) { down_.erase(host); }
    [[nodiscard]] bool is_up(const std::string& host) const { return !down_.contains(host); }
    [[nodiscard]] bool passes(const std::string& from, const std::string& to) const {
        return is_up(from) && is_up(to) && !cuts_.contains({from, to});
    }
    [[nodiscard]] bool both_ways(const std::string& one, const std::string& other) const {
        return passes(one, other) && passes(other, one);
    }

    /// How long one packet takes now; sometimes one is lost and sent again.
    [[nodiscard]] Micros latency();
    Micros usual_latency = 200;         // Microseconds, up to twice that.
    std::uint64_t one_is_lost_in = 500; // 0: none.

    /// 10.0.0.N is the N-th host.
    [[nodiscard]] static std::string address_of(const std::string& host);
    [[nodiscard]] static std::string host_at(const std::string& address);

private:
    std::set<std::pair<std::string, std::string>> cuts_;
    std::set<std::string> down_;
};

} // namespace lockstep::sim
