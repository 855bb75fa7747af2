#include "tests/conformance/replay.h"
#include "tests/sim/network.h"
#include "tests/sim/postgres/model.h"
#include "tests/sim/semisync/model.h"

/// The scripts on the simulation's models of the engines.
namespace lockstep::conformance {
namespace {

using sim::Machine;
using sim::Micros;

class NoWitness : public sim::Witness {
public:
    void acknowledged(const sim::EngineModel&, std::uint32_t, Micros) override {}
    void seen(const sim::EngineModel&, std::uint32_t) override {}
    void came_up_writable(const sim::EngineModel&, sim::LetIn) override {}
    void went_down(const sim::EngineModel&) override {}
    void log_replaced(const sim::EngineModel&) override {}
};

class ModelStage : public Stage {
public:
    explicit ModelStage(const std::string& engine) : engine_(engine), machine_(7) {
        network_.become_current();
        network_.one_is_lost_in = 0;
        hosts_.become_current();
        databases_.become_current();
        process_ = std::make_unique<sim::Process>("player", "k");
        for (const auto* const node : {"a", "b"}) {
            made_[node] = make(hosts_.add(node));
            made_[node]->hinders_rewinds = false;
            databases_.add(*made_[node]);
            drivers_[node] =
                made_[node]->make_driver(std::filesystem::path("/sim") / node / "data");
            members_[node].id = node;
            members_[node].address = sim::Network::address_of(node);
        }
    }

    [[nodiscard]] std::string engine() const override { return engine_; }
    [[nodiscard]] Driver& driver(const MemberId& node) override { return *drivers_.at(node); }
    [[nodiscard]] const Member& member(const MemberId& node) const override {
        return members_.at(node);
    }
    void launch(const MemberId& node) override {
        model(node).launch();
        const auto is_up = [&] {
            return model(node).runs() && model(node).server().state != ServerState::starting;
        };
        if (!eventually(is_up)) {
            throw std::runtime_error(node + " does not come up");
        }
    }
    void kill(const MemberId& node) override {
        model(node).kill("killed by signal 9");
        driver(node).forget_server();
    }
    void freeze(const MemberId& node) override { model(node).freeze(); }
    void thaw(const MemberId& node) override { model(node).thaw(); }
    void await_end(const MemberId& node) override {
        if (!eventually([&] { return !model(node).runs(); })) {
            throw std::runtime_error(node + " does not end");
        }
        driver(node).forget_server();
    }
    void make_table(const MemberId&) override {}
    void begin_write(const MemberId& node, int number) override {
        outcomes_[number] = Outcome::waits;
        const bool writes = model(node).is_primary();
        model(node).commit(static_cast<std::uint32_t>(number), [this, number, writes](bool done) {
            outcomes_[number] = done     ? Outcome::acknowledged
                                : writes ? Outcome::unanswered
                                         : Outcome::refused;
        });
    }
    [[nodiscard]] Outcome outcome(int number, Milliseconds within) override {
        const auto give_up = machine_.now() + within.count() * sim::millisecond;
        while (outcomes_.at(number) == Outcome::waits && machine_.now() < give_up) {
            pause(Milliseconds{5});
        }
        return outcomes_.at(number);
    }
    [[nodiscard]] std::string shown(const MemberId& node) override {
        std::string all;
        for (const auto& entry : model(node).disk.log()) {
            bool waits = false;
            for (const auto& waiter : model(node).server().waiting) {
                waits = waits || waiter.write == entry.write;
            }
            if (entry.write != 0 && !waits) {
                all += (all.empty() ? "" : " ") + std::to_string(entry.write);
            }
        }
        return all;
    }
    /// PostgreSQL's model replays nothing that could be held: a standby shows what it has.
    void hold_replay(const MemberId& node) override {
        if (engine_ != "postgresql") {
            sim::SemisyncModel::of(model(node)).hold_applier();
        }
    }

protected:
    [[nodiscard]] asio::io_context& context() override { return *process_; }
    void step() override { machine_.step(); }

private:
    [[nodiscard]] sim::EngineModel& model(const MemberId& node) { return *made_.at(node); }
    std::unique_ptr<sim::EngineModel> make(sim::Host& host) {
        if (engine_ == "postgresql") {
            return std::make_unique<sim::PostgresModel>(host, flaws_, witness_);
        }
        const auto flavour = engine_ == "mysql" ? mysql::Flavour::mysql : mysql::Flavour::mariadb;
        return std::make_unique<sim::SemisyncModel>(flavour, host, flaws_, witness_);
    }

    std::string engine_;
    Machine machine_;
    sim::Network network_;
    sim::Hosts hosts_;
    sim::Databases databases_;
    sim::EngineFlaws flaws_;
    NoWitness witness_;
    std::map<MemberId, std::unique_ptr<sim::EngineModel>> made_;
    std::map<MemberId, std::unique_ptr<Driver>> drivers_;
    std::map<MemberId, Member> members_;
    std::map<int, Outcome> outcomes_;
    std::unique_ptr<sim::Process> process_;
};

class Models : public testing::TestWithParam<Script> {
protected:
    static void play(const char* engine) {
        ModelStage stage(engine);
        expect_answers(stage, GetParam());
    }
};
INSTANTIATE_TEST_SUITE_P(Scripts, Models, testing::ValuesIn(scripts()), name_of);

TEST_P(Models, PostgresqlAnswersAsItsServer) {
    play("postgresql");
}

TEST_P(Models, MysqlAnswersAsItsServer) {
    play("mysql");
}

TEST_P(Models, MariadbAnswersAsItsServer) {
    play("mariadb");
}

} // namespace
} // namespace lockstep::conformance
