#pragma once

#include <gtest/gtest.h>

#include "agent/acceptance.h"
#include "agent/coroutine.h"
#include "agent/data_view.h"
#include "agent/goal_loop.h"
#include "agent/observation_builder.h"
#include "agent/probes.h"
#include "platform/clock.h"
#include "tests/support/fake_driver.h"
#include "tests/support/pair_fixture.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {

/// One agent, all of it but its network: the test is its controller.
class AgentUnderTest {
public:
    AgentUnderTest(const MemberId& self, const std::filesystem::path& folder)
        : driver(folder / "data"), folder_(folder), state(context_.get_executor(), self),
          memory_(open_memory()), journal(self),
          supervisor(context_.get_executor(), driver, journal, hooks()),
          divergences(context_.get_executor(), driver, journal,
                      {folder / "diverged", self, "host-" + self, 30}),
          making_(driver, state, memory_, journal, divergences),
          acceptance_(driver, state, memory_, journal, supervisor),
          probes_(driver, state, supervisor, memory_, journal),
          goals_(context_.get_executor(), driver, state, memory_, journal, supervisor, making_) {
        state.forget_server(boot_time());
        state.newest_told = memory_.accepted();
        if (look_at_owner(driver.data_folder(), memory_.data()).whose == Ownership::mine) {
            supervisor.adopt();
            state.door = driver.door();
        }
        start_coroutine(context_.get_executor(), probes_.observe());
        start_coroutine(context_.get_executor(), probes_.acknowledge());
        start_coroutine(context_.get_executor(), goals_.run());
        start_coroutine(context_.get_executor(), divergences.run());
    }
    AgentUnderTest(const AgentUnderTest&) = delete;
    AgentUnderTest& operator=(const AgentUnderTest&) = delete;
    ~AgentUnderTest() = default;

    void tell(PairRecord record, std::optional<wire::StartPermit> permit = std::nullopt) {
        wire::Told told;
        told.store_id = "store";
        told.record = std::move(record);
        told.permit = permit;
        start_coroutine(context_.get_executor(), acceptance_.take(std::move(told)));
    }
    /// As a controller does that found the record in its store after it heard `stamp`.
    void tell_proved(PairRecord record, wire::Stamp stamp) {
        wire::Told told;
        told.store_id = "store";
        told.record = std::move(record);
        told.proof = std::move(stamp);
        start_coroutine(context_.get_executor(), acceptance_.take(std::move(told)));
    }
    void tell_of_no_pair() {
        wire::Told told;
        told.store_id = "store";
        start_coroutine(context_.get_executor(), acceptance_.take(std::move(told)));
    }
    /// Lets the agent run until `condition` holds.
    template <class Condition> [[nodiscard]] bool until(Condition condition) {
        const auto give_up = Deadline::in(Milliseconds{20000});
        while (!condition()) {
            if (give_up.passed()) {
                return false;
            }
            context_.run_one_for(Milliseconds{20});
        }
        return true;
    }
    /// Stands for the sender of statuses: `look` is called whenever one is due.
    void at_each_status(std::function<void()> look) {
        start_coroutine(context_.get_executor(), send_statuses(std::move(look)));
    }
    void run_for(Milliseconds span) { context_.run_for(span); }

    [[nodiscard]] Observation seen() const {
        return build_observation(state, memory_, supervisor, journal, driver);
    }
    [[nodiscard]] bool is(ServerState server) const { return seen().server == server; }
    [[nodiscard]] bool serves(std::uint64_t epoch) const { return seen().serving == Epoch{epoch}; }
    [[nodiscard]] pid_t server_pid() const {
        const auto server = driver.running_server();
        return server ? server->pid : 0;
    }
    [[nodiscard]] const Memory& memory() const { return memory_; }

    FakeDriver driver;

private:
    Awaitable<void> send_statuses(std::function<void()> look) {
        const Milliseconds between_looks{200};
        for (;;) {
            co_await state.status_wake.wait(between_looks);
            look();
        }
    }
    Memory open_memory() {
        std::filesystem::create_directories(folder_ / "state");
        auto memory = Memory::open(folder_ / "state", "store", context_.get_executor());
        if (!memory) {
            throw std::runtime_error(memory.error().message);
        }
        return std::move(*memory);
    }
    Supervisor::Hooks hooks() {
        return {[this] {
                    state.forget_server(boot_time());
                    state.inside.reset();
                },
                [this] { state.changed(); }};
    }

    std::filesystem::path folder_;
    asio::io_context context_{1};

public:
    LocalState state;

private:
    Memory memory_;

public:
    Journal journal;
    Supervisor supervisor;
    Divergences divergences;

private:
    DataMaking making_;
    Acceptance acceptance_;
    Probes probes_;
    GoalLoop goals_;
};

/// Ends what the fake engine left running.
class AgentTest : public testing::Test {
protected:
    void TearDown() override {
        for (const auto pid : processes_in(folder_.path())) {
            ::kill(pid, SIGKILL);
        }
        static_cast<void>(reap_children());
    }

    TemporaryFolder folder_;
};

} // namespace lockstep
