// A spare takes the place of a member that stays away.
#include <gtest/gtest.h>

#include "controller/decision/decide.h"
#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

using namespace fixture;

class Spares : public testing::TestWithParam<Profile> {
protected:
    Spares() {
        record_.policy.profile = GetParam();
        record_.policy.replace_after_seconds = 600;
        record_.members["c"] = member("c", "10.0.0.3");
        record_.members["c"].kind = MemberKind::spare;
        view_ = view_of(record_);
        auto& b = view_.members.at("b");
        b.connected = false;
        b.silent = 2 * timings_of(GetParam()).dead_after;
    }
    [[nodiscard]] Decision decided() const { return decide(record_, view_); }
    void note(std::int64_t before_now_ms) { record_.away = Away{"b", now_unix_ms - before_now_ms}; }
    void come_back() {
        view_.members.at("b").connected = true;
        view_.members.at("b").silent = Milliseconds{0};
    }
    void expect_nothing_done() const {
        EXPECT_FALSE(decided().next) << decided().because;
        EXPECT_EQ(decided().phase, Phase::solo);
    }

    PairRecord record_ = solo_record();
    View view_;
};

INSTANTIATE_TEST_SUITE_P(Profiles, Spares, testing::Values(Profile::lan, Profile::wan),
                         [](const auto& of) {
                             return std::string(of.param == Profile::lan ? "Lan" : "Wan");
                         });

TEST_P(Spares, AreNoCandidatesWhileNobodyStaysAway) {
    come_back();
    told(view_, "b").stream.connected = false;
    expect_nothing_done();
}

TEST_P(Spares, AMemberThatIsSilentForLongIsNotedOnce) {
    const auto decision = decided();
    ASSERT_EQ(decision.action, Action::note_away) << decision.because;
    EXPECT_EQ(decision.next->away, (Away{"b", now_unix_ms}));
    EXPECT_NE(decision.because.find("b's agent is not heard"), std::string::npos);
    EXPECT_NE(decision.because.find("600 s (replace_after)"), std::string::npos);
    note(1000);
    expect_nothing_done();
}

TEST_P(Spares, AMemberWhoseDatabaseDoesNotRunIsAwayThoughItsAgentTalks) {
    come_back();
    told(view_, "b").server = ServerState::stopped;
    auto& down_for = view_.members.at("b").database_down_for;
    down_for = 2 * timings_of(GetParam()).dead_after - Milliseconds{1};
    expect_nothing_done();
    down_for += Milliseconds{1};
    const auto decision = decided();
    ASSERT_EQ(decision.action, Action::note_away) << decision.because;
    EXPECT_NE(decision.because.find("b's database does not run (stopped)"), std::string::npos)
        << decision.because;
    note(600000);
    EXPECT_EQ(decided().action, Action::replace) << decided().because;
    EXPECT_NE(decided().because.find("c takes the place of b: b's database does not run"),
              std::string::npos)
        << decided().because;
}

TEST_P(Spares, AMemberWhoseDiskIsNoGoodIsAwayThoughItsDatabaseRuns) {
    come_back();
    told(view_, "b").fsync = {timings_of(GetParam()).dead_after, "Input/output error"};
    ASSERT_EQ(decided().action, Action::note_away) << decided().because;
    EXPECT_NE(decided().because.find("Input/output error"), std::string::npos);
    note(600000);
    EXPECT_EQ(decided().action, Action::replace);
}

TEST_P(Spares, AMemberThatIsBeingMadeAnewIsNotAwayUnlessItWasBefore) {
    come_back();
    told(view_, "b").server = ServerState::no_data;
    told(view_, "b").job = Job{"cloning from a", 1, 2, {}};
    view_.members.at("b").database_down_for = Milliseconds{3600000};
    expect_nothing_done();
    note(1000); // It failed at that before.
    expect_nothing_done();
    EXPECT_TRUE(record_.away);
    told(view_, "b").job.reset();
    note(600000);
    EXPECT_EQ(decided().action, Action::replace);
}

TEST_P(Spares, AShortSilenceIsNotNoted) {
    view_.members.at("b").silent -= Milliseconds{1};
    expect_nothing_done();
}

TEST_P(Spares, TakeThePlaceOnlyAfterReplaceAfter) {
    note(599999);
    expect_nothing_done();
    note(600000);
    const auto decision = decided();
    ASSERT_EQ(decision.action, Action::replace) << decision.because;
    EXPECT_EQ(decision.next->members.at("b").kind, MemberKind::spare);
    EXPECT_EQ(decision.next->members.at("c").kind, MemberKind::data);
    EXPECT_FALSE(decision.next->away);
    EXPECT_EQ(decision.events.size(), 1U);
    EXPECT_NE(decision.because.find("c takes the place of b"), std::string::npos)
        << decision.because;
    EXPECT_TRUE(check(*decision.next));
}

TEST_P(Spares, AreLetInByAGrantLikeAnyStandbyAndTheOtherNeverWhenItReturns) {
    note(600000);
    record_ = *decided().next;
    come_back();
    view_.members.at("b").observation = observed(record_, "b");
    const auto decision = decided();
    ASSERT_EQ(decision.action, Action::grant) << decision.because;
    EXPECT_EQ(decision.next->grant->member, "c");
    view_.members.at("c").connected = false;
    expect_nothing_done(); // b streams and has caught up, and yet it is none.
    EXPECT_EQ(goal_for(record_, "b").sync_name, "ls_b_async");
    EXPECT_TRUE(goal_for(record_, "b").rebuild_allowed);
}

TEST_P(Spares, TheWaitOutlivesTheControllerInTheRecord) {
    note(600000);
    view_.members.at("b").observation.reset(); // A controller that never heard it.
    EXPECT_EQ(decided().action, Action::replace);
}

TEST_P(Spares, WhoIsBackIsNoLongerAway) {
    note(600000);
    come_back();
    told(view_, "b").stream.connected = false; // Not let in yet.
    const auto decision = decided();
    ASSERT_EQ(decision.action, Action::note_away) << decision.because;
    EXPECT_FALSE(decision.next->away);
    EXPECT_NE(decision.because.find("b is back"), std::string::npos);
}

TEST_P(Spares, AGrantAndAFailoverForgetWhoWasAway) {
    note(600000);
    come_back();
    ASSERT_EQ(decided().action, Action::grant);
    EXPECT_FALSE(decided().next->away);
    auto record = in_sync_record();
    record.away = Away{"b", 1};
    EXPECT_FALSE(apply(Action::promote, record, {}, view_).away);
}

TEST_P(Spares, MustProtectFromTheLossOfTheZoneAndOfTheHost) {
    note(600000);
    record_.members.at("c").zone = "zone-a";
    EXPECT_NE(decided().action, Action::replace);
    record_.members.at("c").zone = "zone-c";
    record_.members.at("c").host = "host-a";
    EXPECT_NE(decided().action, Action::replace);
}

TEST_P(Spares, MustBeReady) {
    note(600000);
    told(view_, "c").stream.connected = false;
    expect_nothing_done();
    EXPECT_NE(decided().because.find("c: it does not stream"), std::string::npos)
        << decided().because;
}

TEST_P(Spares, AreNotUsedWhilePausedOrWhenPolicyForbids) {
    note(600000);
    record_.paused = true;
    expect_nothing_done();
    record_.paused = false;
    record_.policy.replace_after_seconds = 0;
    expect_nothing_done();
}

TEST_P(Spares, AreNotUsedWhileThePrimaryIsNotHeardToServe) {
    note(600000);
    view_.members.at("a").silent = timings_of(GetParam()).dead_after;
    expect_nothing_done();
}

TEST_P(Spares, AMemberThatAnOperatorTakesOutIsNotReplaced) {
    note(600000);
    record_.intent = {IntentKind::remove, "b", "", "op"};
    EXPECT_EQ(decided().action, Action::drop);
}

} // namespace
} // namespace lockstep
