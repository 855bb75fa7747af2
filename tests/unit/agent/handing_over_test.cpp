// A switchover from a primary, step by step, and every way out of it (DESIGN.md 6).
#include <csignal>

#include "tests/unit/agent/agent_bench.h"

namespace lockstep {
namespace {

PairRecord in_sync(std::uint64_t revision) {
    auto record = fixture::in_sync_record();
    record.revision = Revision{revision};
    return record;
}

PairRecord switching(std::uint64_t revision) {
    auto record = in_sync(revision);
    record.intent = {IntentKind::switch_over, "b", "", "ann", 0};
    return record;
}

class HandOvers : public AgentTest {
protected:
    void SetUp() override {
        agent_ = std::make_unique<AgentUnderTest>("a", folder_.path());
        auto forming = fixture::forming_record();
        forming.revision = Revision{5};
        agent_->tell(forming);
        ASSERT_TRUE(agent_->until([&] { return agent_->serves(1); }));
        agent_->tell(in_sync(6));
        ASSERT_TRUE(agent_->until(
            [&] { return agent_->seen().acknowledgements.name == "ls_b_9" && agent_->serves(1); }));
    }

    [[nodiscard]] std::optional<HandOver> told() const { return agent_->seen().hand_over; }
    [[nodiscard]] bool is_at(HandOverStage stage) const { return told() && told()->stage == stage; }
    [[nodiscard]] bool is_given_up() const { return told() && !told()->trouble.empty(); }
    void expect_serving_all_along(pid_t before) {
        EXPECT_TRUE(agent_->until([&] { return agent_->serves(1); }));
        EXPECT_EQ(agent_->server_pid(), before);
        EXPECT_FALSE(agent_->driver.was_called("stop"));
    }

    std::unique_ptr<AgentUnderTest> agent_;
};

TEST_F(HandOvers, PrepareDrainStopAndSayWhereTheLogEnds) {
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_at(HandOverStage::stopped); }));
    const Position end{History{"1"}, 100};
    EXPECT_EQ(told()->end, end);
    EXPECT_EQ(told()->revision, Revision{7});
    EXPECT_EQ(told()->trouble, "");
    const auto& calls = agent_->driver.calls;
    const auto checkpoint = std::find(calls.begin(), calls.end(), "checkpoint");
    const auto drain = std::find(checkpoint, calls.end(), "drain");
    EXPECT_NE(std::find(drain, calls.end(), "stop"), calls.end()) << "in this order";
    ASSERT_TRUE(agent_->until([&] { return agent_->is(ServerState::stopped); }));
    agent_->run_for(Milliseconds{300});
    EXPECT_EQ(agent_->seen().start_request, 0U) << "the controller has its say first";
    EXPECT_EQ(agent_->server_pid(), 0);
}

TEST_F(HandOvers, LeaveTheServerServingWhenTheStandbyDoesNotAnswer) { // REDTEAM F22
    const auto before = agent_->server_pid();
    agent_->driver.standby_silent = true;
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_given_up(); }));
    EXPECT_FALSE(agent_->driver.was_called("drain"));
    expect_serving_all_along(before);
    agent_->driver.standby_silent = false; // Not again under this revision.
    agent_->run_for(Milliseconds{300});
    expect_serving_all_along(before);
}

TEST_F(HandOvers, LeaveTheServerServingWhenItsSessionsDoNotEnd) {
    const auto before = agent_->server_pid();
    agent_->driver.sessions_stay = true;
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_given_up(); }));
    EXPECT_EQ(told()->stage, HandOverStage::draining);
    expect_serving_all_along(before);
}

TEST_F(HandOvers, StopNothingOnceTheRecordWentOn) { // R7
    const auto before = agent_->server_pid();
    agent_->driver.checkpoint_hangs = true;
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_at(HandOverStage::preparing); }));
    agent_->tell(in_sync(8));
    ASSERT_TRUE(agent_->until([&] { return !told() && agent_->serves(1); }));
    expect_serving_all_along(before);
}

TEST_F(HandOvers, CallAServerThatDiedUncleanlyAFailureAndNoStop) {
    agent_->driver.stops_uncleanly = true;
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_given_up(); }));
    EXPECT_EQ(told()->stage, HandOverStage::preparing) << "not stopped on purpose";
}

TEST_F(HandOvers, StartAgainWhenTheyAreGivenBack) { // R5
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_at(HandOverStage::stopped); }));
    agent_->tell(in_sync(8));
    ASSERT_TRUE(agent_->until([&] { return agent_->seen().start_request != 0; }));
    EXPECT_TRUE(is_at(HandOverStage::stopped)) << "so that it is not taken for a failure";
    const auto request = agent_->seen().start_request;
    agent_->tell(in_sync(8), wire::StartPermit{request, Epoch{1}});
    ASSERT_TRUE(agent_->until([&] { return agent_->serves(1); }));
    EXPECT_FALSE(told());
}

TEST_F(HandOvers, AskToStartWhenNobodyDecides) {
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_at(HandOverStage::stopped); }));
    ASSERT_TRUE(agent_->until([&] { return agent_->seen().start_request != 0; }));
    const auto request = agent_->seen().start_request;
    agent_->tell(switching(7), wire::StartPermit{request, Epoch{1}});
    ASSERT_TRUE(agent_->until([&] { return agent_->serves(1); }));
    EXPECT_TRUE(is_given_up()) << "not again under this revision";
    agent_->run_for(Milliseconds{300});
    EXPECT_TRUE(agent_->serves(1));
}

TEST_F(HandOvers, AreReadFromDiskByAnAgentThatWasStartedAnew) {
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until(
        [&] { return is_at(HandOverStage::stopped) && agent_->is(ServerState::stopped); }));
    agent_.reset();
    agent_ = std::make_unique<AgentUnderTest>("a", folder_.path());
    agent_->driver.calls.emplace_back("stop"); // As it was told.
    ASSERT_TRUE(agent_->until([&] { return is_at(HandOverStage::stopped); }));
    EXPECT_EQ(told()->revision, Revision{7});
    EXPECT_EQ(agent_->server_pid(), 0);
}

TEST_F(HandOvers, LetTheFormerPrimaryFollowWithoutARebuild) {
    agent_->tell(switching(7));
    ASSERT_TRUE(agent_->until([&] { return is_at(HandOverStage::stopped); }));
    auto under_b = fixture::promoting_record();
    under_b.revision = Revision{8};
    under_b.served = true;
    under_b.former.clear();
    agent_->tell(under_b);
    ASSERT_TRUE(agent_->until([&] { return agent_->seen().stream.connected; }));
    EXPECT_TRUE(agent_->driver.was_called("judge b"));
    EXPECT_FALSE(agent_->driver.was_called("preserve"));
    EXPECT_FALSE(agent_->driver.was_called("clone b"));
}

} // namespace
} // namespace lockstep
