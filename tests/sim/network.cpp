#include "tests/sim/network.h"

namespace lockstep::sim {
namespace {

Network* the_network = nullptr;
constexpr Micros sent_again_after = 200 * millisecond; // TCP's least retransmission timeout.

} // namespace

Network& Network::current() {
    return *the_network;
}

void Network::become_current() {
    the_network = this;
}

Micros Network::latency() {
    auto& random = Machine::current().random;
    const auto usual = usual_latency + random.between(0, usual_latency);
    const bool lost = one_is_lost_in != 0 && random.one_in(one_is_lost_in);
    return lost ? usual + sent_again_after : usual;
}

std::string Network::address_of(const std::string& host) {
    return "10.0.0." + std::to_string(static_cast<int>(host.front()));
}

std::string Network::host_at(const std::string& address) {
    const auto number = std::stoi(address.substr(address.rfind('.') + 1));
    return std::string(1, static_cast<char>(number));
}

} // namespace lockstep::sim
