#include "tests/sim/world.h"

#include <utility>

#include "tests/sim/postgres/model.h"
#include "tests/sim/semisync/model.h"

namespace lockstep::sim {
namespace {

std::filesystem::path folder_of(const std::string& host, const char* which) {
    return std::filesystem::path("/sim") / host / which;
}

AgentConfig config_of(const std::string& host) {
    AgentConfig config;
    config.name = host;
    config.zone = "zone-" + host;
    config.host = "host-" + host;
    config.address = Network::address_of(host);
    config.state_dir = folder_of(host, "state");
    config.run_dir = folder_of(host, "run");
    config.database.data_dir = folder_of(host, "data");
    config.database.port = database_port;
    return config;
}

Member member_on(const std::string& host) {
    Member member;
    member.id = host;
    member.zone = "zone-" + host;
    member.host = "host-" + host;
    member.address = Network::address_of(host);
    member.port = database_port;
    member.probe_port = agent_port;
    member.key = "key-" + host;
    return member;
}

PairRecord new_pair(const std::vector<std::string>& members, const Policy& policy,
                    std::string engine) {
    PairRecord record;
    record.pair = pair_name;
    record.engine = std::move(engine);
    record.primary = members.front();
    record.policy = policy;
    for (const auto& member : members) {
        record.members.emplace(member, member_on(member));
    }
    record.in_sync[record.primary] = {};
    return record;
}

std::unique_ptr<EngineModel> make_database(EngineKind engine, Host& host, const EngineFlaws& flaws,
                                           Witness& witness) {
    if (engine == EngineKind::postgresql) {
        return std::make_unique<PostgresModel>(host, flaws, witness);
    }
    const auto flavour =
        engine == EngineKind::mysql ? mysql::Flavour::mysql : mysql::Flavour::mariadb;
    return std::make_unique<SemisyncModel>(flavour, host, flaws, witness);
}

} // namespace

AgentProcess::AgentProcess(const std::string& host, EngineModel& database)
    : process("agent " + host, host) {
    const auto config = config_of(host);
    Identity identity;
    identity.files.certificate = host;
    identity.controller = HostPort{Network::address_of(controller_host), 1};
    identity.store_id = "store";
    auto memory = Memory::open(config.state_dir, identity.store_id, process.get_executor());
    if (!memory) {
        throw std::runtime_error(memory.error().message);
    }
    auto driver = database.make_driver(config.database.data_dir);
    agent = std::make_unique<Agent>(
        process.get_executor(),
        Agent::Start{config, std::move(identity), std::move(driver), std::move(*memory)});
    Hosts::current().at(host).agent = &process;
    agent->begin();
}

AgentProcess::~AgentProcess() {
    Hosts::current().at(process.host).agent = nullptr;
    process.drop_waits();
    agent.reset();
}

ControllerProcess::ControllerProcess(StoreDisk& disk) : process("controller", controller_host) {
    Controller::Start start;
    start.config.zone = "db.example.test";
    start.store = std::make_unique<MemoryStore>(disk);
    start.records = start.store->pairs().value();
    start.head = start.store->head().value();
    start.store_worker = process.get_executor();
    controller = std::make_unique<Controller>(process.get_executor(), std::move(start));
    if (const auto listening = controller->listen(); !listening) {
        throw std::runtime_error(listening.error().message);
    }
    controller->begin();
}

ControllerProcess::~ControllerProcess() {
    process.drop_waits();
    controller.reset();
}

World::World(std::uint64_t seed, const std::vector<std::string>& all, const Policy& policy,
             EngineKind engine, EngineFlaws engine_flaws)
    : machine(seed), flaws(engine_flaws), members(all) {
    network.become_current();
    hosts.become_current();
    streams.become_current();
    databases.become_current();
    hosts.add(controller_host);
    store.swapped = [this](const PairRecord& before, const PairRecord& now) {
        ledger.swapped(before, now);
    };
    for (const auto& member : members) {
        auto made = make_database(engine, hosts.add(member), flaws, ledger);
        databases.add(*made);
        databases_[member] = std::move(made);
    }
    static_cast<void>(MemoryStore(store).create(
        new_pair(members, policy, database(members.front()).engine()), {}));
}

World::~World() {
    controller_.reset();
    agents_.clear();
}

AgentProcess* World::agent(const std::string& member) {
    const auto found = agents_.find(member);
    return found == agents_.end() ? nullptr : found->second.get();
}

void World::start_agent(const std::string& member) {
    if (agent(member) == nullptr && network.is_up(member)) {
        machine.tell("agent " + member, "started");
        agents_[member] = std::make_unique<AgentProcess>(member, database(member));
    }
}

void World::kill_agent(const std::string& member) {
    if (agent(member) != nullptr) {
        machine.tell("agent " + member, "killed");
        agents_.erase(member);
    }
}

void World::start_controller() {
    if (!controller_) {
        machine.tell("controller", "started");
        controller_ = std::make_unique<ControllerProcess>(store);
    }
}

void World::kill_controller() {
    if (controller_) {
        machine.tell("controller", "killed");
        controller_.reset();
        if (store_loses_its_last_write) {
            store.now = store.before;
            ledger.swapped({}, store.now.pairs.at(pair_name)); // What the record says from now on.
        }
    }
}

void World::lose_host(const std::string& member) {
    machine.tell("host " + member, "lost");
    network.take_down(member);
    kill_agent(member);
    hosts.at(member).end_guardian();
    database(member).lose_power();
}

void World::return_host(const std::string& member) {
    if (!network.is_up(member)) {
        machine.tell("host " + member, "is back");
        network.bring_up(member);
        start_agent(member);
    }
}

void World::ask(Request request, const MemberId& member) {
    if (controller_) {
        auto answer = request(controller_->controller->operations(), member);
        asio::co_spawn(controller_->process, std::move(answer), [](const std::exception_ptr& bug) {
            if (bug) {
                std::rethrow_exception(bug);
            }
        });
    }
}

void World::start_clients() {
    for (const auto& member : members) {
        client_writes(member);
    }
}

/// To whoever answers there, whatever the record says: nobody may acknowledge who must not.
void World::client_writes(const std::string& member) {
    machine.after(machine.random.between(10, 100) * millisecond, [this, member] {
        client_writes(member);
        if (network.is_up(member)) {
            database(member).read();
            database(member).commit(ledger.new_write(), [](bool) {});
        }
    });
}

/// Empty: in sync, serving, and quiet; or kept waiting by the hold-down alone, as it should be.
std::string World::why_not_healthy() {
    const auto& record = ledger.record();
    const auto phase = std::string(to_string(phase_of(record)));
    if (!controller_) {
        return "no controller";
    }
    if (record.intent.kind != IntentKind::none || record.paused) {
        return phase + ", with an intent or paused";
    }
    if (machine.now() - ledger.last_acknowledged_at() > 500 * millisecond) {
        return phase + ", but nothing is acknowledged";
    }
    if (phase_of(record) == Phase::in_sync) {
        return {};
    }
    const bool held_down = phase_of(record) == Phase::solo && record.hold_down.losses > 1;
    for (const auto& member : members) {
        const auto& other = database(member);
        if (held_down && member != record.primary && other.follows(database(record.primary))) {
            return {};
        }
    }
    return phase;
}

} // namespace lockstep::sim
