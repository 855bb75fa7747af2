#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "controller/wiring.h"
#include "tests/sim/engine.h"
#include "tests/sim/ledger.h"
#include "tests/sim/network.h"
#include "tests/sim/store.h"
#include "tests/sim/streams.h"

namespace lockstep::sim {

inline const std::string controller_host = "k";
inline const std::string pair_name = "shop";

/// Which engine the databases of a history are of.
enum class EngineKind { postgresql, mysql, mariadb };

/// A running agent: the real one.
struct AgentProcess {
    AgentProcess(const std::string& host, EngineModel& database);
    AgentProcess(const AgentProcess&) = delete;
    AgentProcess& operator=(const AgentProcess&) = delete;
    ~AgentProcess();

    Process process;
    std::unique_ptr<Agent> agent;
};

/// A running controller: the real one, on the store that outlives it.
struct ControllerProcess {
    explicit ControllerProcess(StoreDisk& disk);
    ControllerProcess(const ControllerProcess&) = delete;
    ControllerProcess& operator=(const ControllerProcess&) = delete;
    ~ControllerProcess();

    Process process;
    std::unique_ptr<Controller> controller;
};

/// One installation: a controller on host k, and on each other host an agent and its database.
class World {
public:
    World(std::uint64_t seed, const std::vector<std::string>& members, const Policy& policy,
          EngineKind engine, EngineFlaws flaws);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    Machine machine;
    Network network;
    Hosts hosts;
    Streams streams;
    Databases databases;
    EngineFlaws flaws;
    Ledger ledger;
    StoreDisk store;
    bool store_loses_its_last_write = false; // When the controller dies (R12).
    std::vector<std::string> members;

    [[nodiscard]] EngineModel& database(const std::string& member) {
        return *databases_.at(member);
    }
    [[nodiscard]] AgentProcess* agent(const std::string& member);
    [[nodiscard]] ControllerProcess* controller() { return controller_.get(); }

    void start_agent(const std::string& member);
    void kill_agent(const std::string& member);
    void start_controller();
    void kill_controller();
    /// Power: everything on the host at once.
    void lose_host(const std::string& member);
    void return_host(const std::string& member);
    /// A request of an operator's, if there is a controller to take it.
    using Request = Awaitable<void> (*)(Operations& operations, MemberId member);
    void ask(Request request, const MemberId& member);

    /// Clients write to every member again and again.
    void start_clients();
    [[nodiscard]] std::string why_not_healthy();

private:
    void client_writes(const std::string& member);

    std::map<std::string, std::unique_ptr<EngineModel>> databases_;
    std::map<std::string, std::unique_ptr<AgentProcess>> agents_;
    std::unique_ptr<ControllerProcess> controller_;
};

} // namespace lockstep::sim
