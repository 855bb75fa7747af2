#pragma once

#include "tests/sim/world.h"

namespace lockstep::sim {

/// What goes wrong in a history, as its seed says: one fault after another, each with an end of its
/// own, several at a time.
class Faults {
public:
    explicit Faults(World& world) : world_(world) {}

    void begin(Micros until);
    /// Everything that is broken is mended, and whoever is down comes back.
    void heal();
    /// After healing, the operator takes back what was asked for: until it is done, once a second.
    void take_back_requests();
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    using Fault = void (Faults::*)();
    struct Weighted {
        std::uint64_t weight;
        Fault fault;
    };
    static const std::vector<Weighted>& kinds();

    void next();
    [[nodiscard]] std::string any_member();
    [[nodiscard]] std::string any_host();
    [[nodiscard]] std::string any_other_host(const std::string& host);
    [[nodiscard]] Micros a_while(Micros most);
    void later(Micros span, std::function<void()> what);
    void freeze(const std::string& member);

    void kill_server();
    void kill_both_servers();
    void freeze_server();
    void kill_agent();
    void kill_agent_and_server();
    void freeze_agent();
    void kill_controller();
    void freeze_controller();
    void lose_host();
    void freeze_host();
    void cut_one_way();
    void cut_both_ways();
    void isolate();
    void slow_network();
    void stall_disk();
    void ask_failover();
    void ask_switchover();
    void ask_pause();
    void ask_removal();
    void give_back_what_cannot_be_promoted(const PairRecord& record, Micros now);

    World& world_;
    Micros until_ = 0;
    bool healed_ = false;
    Micros asked_at_ = 0;
    std::optional<Micros> promoting_since_; // Once all faults are over.
    std::uint64_t count_ = 0;
};

} // namespace lockstep::sim
