#include <csignal>

#include "agent/judgements.h"
#include "tests/unit/agent/agent_bench.h"

/// R5, R6 and R9 in a whole agent.
namespace lockstep {
namespace {

PairRecord at(PairRecord record, std::uint64_t revision) {
    record.revision = Revision{revision};
    return record;
}

class Fencing : public AgentTest {
protected:
    std::unique_ptr<AgentUnderTest> strict_primary() {
        auto agent = std::make_unique<AgentUnderTest>("a", folder_.path());
        agent->tell(at(fixture::forming_record(), 5));
        EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
        agent->tell(at(fixture::in_sync_record(), 10));
        EXPECT_TRUE(agent->until([&] { return agent->serves(1) && accepted(*agent, 10); }));
        return agent;
    }
    static bool accepted(const AgentUnderTest& agent, std::uint64_t revision) {
        return agent.seen().accepted == Revision{revision};
    }
    /// Asks, and is permitted.
    static void permit(AgentUnderTest& agent) {
        ASSERT_TRUE(agent.until([&] { return agent.seen().start_request != 0; }));
        agent.tell(at(fixture::in_sync_record(), 10),
                   wire::StartPermit{agent.seen().start_request, Epoch{1}});
        ASSERT_TRUE(agent.until([&] { return agent.is(ServerState::primary); }));
    }
};

TEST_F(Fencing, ACrashedStrictPrimaryServesOnceItsStandbyHasEverything) { // R9
    const auto agent = strict_primary();
    agent->driver.streams = false;
    ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
    permit(*agent);
    agent->run_for(Milliseconds{500});
    EXPECT_EQ(agent->driver.door(), Door::shut);
    EXPECT_EQ(agent->seen().serving, Epoch{0});
    EXPECT_NE(agent->seen().door.find("standby"), std::string::npos) << agent->seen().door;
    agent->driver.streams = true;
    EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
    EXPECT_EQ(agent->driver.door(), Door::open);
    EXPECT_EQ(agent->seen().door, "");
}

TEST_F(Fencing, ACrashedStrictPrimaryServesOnceTheRecordIsNarrowed) { // R9
    const auto agent = strict_primary();
    agent->driver.streams = false;
    ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
    permit(*agent);
    EXPECT_EQ(agent->driver.door(), Door::shut);
    agent->tell(at(fixture::solo_record(), 11));
    EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
    EXPECT_EQ(agent->driver.door(), Door::open);
}

TEST_F(Fencing, ACleanStopWithoutItsStandbyOpensNoDoor) { // R9, F22
    const auto agent = strict_primary();
    agent->driver.clean_shutdown = true;
    agent->driver.streams = false;
    ASSERT_EQ(::kill(agent->server_pid(), SIGTERM), 0);
    permit(*agent);
    agent->run_for(Milliseconds{300});
    EXPECT_EQ(agent->driver.door(), Door::shut);
    EXPECT_EQ(agent->seen().serving, Epoch{0});
    agent->driver.streams = true;
    EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
}

TEST_F(Fencing, ALaterAgentLeavesTheDoorShut) { // R9
    {
        const auto agent = strict_primary();
        agent->driver.streams = false;
        ASSERT_EQ(::kill(agent->server_pid(), SIGKILL), 0);
        permit(*agent);
    }
    AgentUnderTest again("a", folder_.path());
    again.driver.streams = false;
    ASSERT_TRUE(again.until([&] { return again.is(ServerState::primary); }));
    again.run_for(Milliseconds{300});
    EXPECT_EQ(again.seen().serving, Epoch{0});
    again.driver.streams = true;
    EXPECT_TRUE(again.until([&] { return again.serves(1); }));
}

TEST_F(Fencing, WithNobodyToAskItStartsBehindTheShutDoorAndTheStreamOpensIt) { // R5
    const auto agent = strict_primary();
    agent->driver.clean_shutdown = true; // However it was stopped.
    agent->driver.streams = false;
    const auto killed = boot_time();
    ASSERT_EQ(::kill(agent->server_pid(), SIGTERM), 0);
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::stopped); }));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::primary); }));
    EXPECT_GE(boot_time() - killed, Timings{}.dead_after);
    EXPECT_EQ(agent->driver.door(), Door::shut);
    EXPECT_EQ(agent->driver.ticket->sync_name, "ls_b_9");
    agent->driver.streams = true;
    EXPECT_TRUE(agent->until([&] { return agent->serves(1); }));
}

TEST_F(Fencing, OnlyWhileItListenedWasAControllerAway) { // R5
    const auto agent = strict_primary();
    auto& state = agent->state;
    state.start_request = 7;
    state.asked_at = boot_time();
    EXPECT_FALSE(judge_boot(state, agent->memory()).allowed) << "it spoke a moment ago";
    state.told_at = boot_time() - Milliseconds{6000};
    state.awake_since = *state.told_at;
    EXPECT_TRUE(judge_boot(state, agent->memory()).allowed);
    state.awake_since = boot_time() - Milliseconds{1000};
    EXPECT_FALSE(judge_boot(state, agent->memory()).allowed) << "it was frozen until then";
}

TEST_F(Fencing, AStrictPrimaryThatHearsNobodyStopsServingOnceAndStaysBehindTheDoor) { // R6
    const auto agent = strict_primary();
    const auto before = agent->server_pid();
    ASSERT_TRUE(agent->until([&] { return agent->seen().acknowledgements.streaming; }));
    agent->driver.streams = false;
    const auto cut = boot_time();
    ASSERT_TRUE(agent->until([&] { return !identify(before).has_value(); }));
    EXPECT_GE(boot_time() - cut, Timings{}.fence_after - Milliseconds{500});
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::stopped); }));
    ASSERT_TRUE(agent->until([&] { return agent->is(ServerState::primary); }));
    EXPECT_EQ(agent->driver.door(), Door::shut);
    const auto again = agent->server_pid();
    agent->run_for(Milliseconds{500});
    EXPECT_EQ(agent->server_pid(), again) << "it serves nobody: there is nothing to fence";
}

TEST_F(Fencing, AControllerThatProvesItselfKeepsItServing) { // R6
    const auto agent = strict_primary();
    const auto before = agent->server_pid();
    agent->driver.streams = false;
    const auto end = boot_time() + Timings{}.fence_after + Milliseconds{1500};
    while (boot_time() < end) {
        agent->tell_proved(at(fixture::in_sync_record(), 10), {agent->state.instance, boot_time()});
        agent->run_for(Milliseconds{500});
    }
    EXPECT_EQ(agent->server_pid(), before);
}

TEST_F(Fencing, OnlyAStampOfItsOwnProvesAnything) { // R6
    const auto agent = strict_primary();
    const auto record = at(fixture::in_sync_record(), 10);
    agent->tell_proved(record, {"another run", boot_time()});
    agent->tell_proved(record, {agent->state.instance, boot_time() + Milliseconds{60000}});
    agent->run_for(Milliseconds{50});
    EXPECT_FALSE(agent->state.proved_at) << "the arrival of a message proves nothing";
    const auto stamp = boot_time() - Milliseconds{10};
    agent->tell_proved(record, {agent->state.instance, stamp});
    agent->tell_proved(record, {agent->state.instance, stamp - Milliseconds{5}});
    agent->run_for(Milliseconds{50});
    EXPECT_EQ(agent->state.proved_at, stamp);
}

} // namespace
} // namespace lockstep
