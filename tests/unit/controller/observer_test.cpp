#include "controller/observer.h"

#include <gtest/gtest.h>

#include "controller/ageing.h"
#include "controller/rate_limit.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

Observation healthy(const MemberId& member) {
    Observation told;
    told.member = member;
    told.server = ServerState::primary;
    told.position = {{"1"}, 1000};
    return told;
}

const Timings lan{};

TEST(Ageing, GrowsTheSilenceOfTheStreamAndOfAcknowledgements) {
    auto told = healthy("a");
    told.stream.silent = 10ms;
    told.acknowledgements.silent = 20ms;
    told.hand_over = HandOver{Revision{1}, HandOverStage::stopping, 30ms, {}, ""};
    const auto later = aged(told, 300ms);
    EXPECT_EQ(later.hand_over->in_stage, 330ms);
    EXPECT_EQ(later.stream.silent, 310ms);
    EXPECT_EQ(later.acknowledgements.silent, 320ms);
}

TEST(Ageing, GrowsTheSilenceOfAProbeThatWasSilentAlready) {
    auto told = healthy("a");
    told.sql.silent = 1000ms;
    told.fsync.silent = 5ms;
    const auto later = aged(told, 300ms);
    EXPECT_EQ(later.sql.silent, 1300ms);
    EXPECT_EQ(later.fsync.silent, 305ms);
}

TEST(Ageing, REDTEAM_F26_MakesNoStallOfAnAgentsSilence) {
    EXPECT_EQ(aged(healthy("a"), 60000ms).sql.silent, 0ms);
    EXPECT_EQ(aged(healthy("a"), 60000ms).heartbeat.silent, 0ms);
    EXPECT_EQ(aged(healthy("a"), 60000ms).fsync.silent, 0ms);
}

TEST(Ageing, ClaimsNoLongerCleanStreamThanWasReported) {
    auto told = healthy("b");
    told.stream.clean_for = 100ms;
    EXPECT_EQ(aged(told, 5000ms).stream.clean_for, 100ms);
}

TEST(Furthest, KeepsTheFurthestPositionOfOneHistory) {
    const Position before{{"1"}, 500};
    EXPECT_EQ(furthest(before, {{"1"}, 400}), before);
    EXPECT_EQ(furthest(before, {{"1"}, 600}).offset_bytes, 600U);
}

TEST(Furthest, BeginsAnewOnAnotherHistory) {
    const Position other{{"1@500 2"}, 100};
    EXPECT_EQ(furthest({{"1"}, 500}, other), other);
}

TEST(Furthest, IsNotForgottenWhenNoPositionIsKnown) {
    const Position before{{"1"}, 500};
    EXPECT_EQ(furthest(before, {}), before);
}

TEST(Observer, KnowsNothingOfAMemberNeverHeard) {
    const Observer observer;
    const auto view = observer.view_of("a", lan, 5000ms);
    EXPECT_FALSE(view.connected);
    EXPECT_FALSE(view.observation);
    EXPECT_FALSE(view.probe_failed);
}

TEST(Observer, AgesWhatItHeard) {
    Observer observer;
    observer.connected("a", 1000ms);
    observer.heard("a", healthy("a"), 1000ms);
    const auto view = observer.view_of("a", lan, 1250ms);
    EXPECT_TRUE(view.connected);
    EXPECT_EQ(view.silent, 250ms);
    EXPECT_EQ(view.observation->acknowledgements.silent, 250ms);
}

TEST(Observer, KeepsTheLastWordOfALostAgent) {
    Observer observer;
    observer.connected("a", 1000ms);
    observer.heard("a", healthy("a"), 1000ms);
    observer.disconnected("a", 1100ms);
    const auto view = observer.view_of("a", lan, 1200ms);
    EXPECT_FALSE(view.connected);
    ASSERT_TRUE(view.observation);
    EXPECT_EQ(view.observation->server, ServerState::primary);
}

TEST(Observer, RemembersTheFurthestPosition) {
    Observer observer;
    observer.heard("b", healthy("b"), 1000ms);
    auto behind_it = healthy("b");
    behind_it.position.offset_bytes = 10;
    observer.heard("b", behind_it, 1200ms);
    const auto view = observer.view_of("b", lan, 1200ms);
    EXPECT_EQ(view.highest.offset_bytes, 1000U);
    EXPECT_EQ(view.observation->position.offset_bytes, 10U);
}

TEST(Observer, ProbesNobodyWhoIsWellHeard) {
    Observer observer;
    observer.heard("a", healthy("a"), 1000ms);
    EXPECT_FALSE(observer.wants_probe("a", 1300ms));
    EXPECT_TRUE(observer.wants_probe("a", 1301ms));
}

TEST(Observer, ProbesAServerThatIsNotWell) {
    Observer observer;
    auto told = healthy("a");
    told.server = ServerState::stopped;
    observer.heard("a", told, 1000ms);
    EXPECT_TRUE(observer.wants_probe("a", 1001ms));
    told = healthy("a");
    told.sql.silent = 1ms;
    observer.heard("a", told, 1000ms);
    EXPECT_TRUE(observer.wants_probe("a", 1001ms));
}

TEST(Observer, CallsAPortDeadOnlyAfterDeadAfterAndTwoFailedConnects) {
    Observer observer;
    observer.heard("a", healthy("a"), 1000ms);
    observer.probed("a", false, false, 1800ms);
    EXPECT_FALSE(observer.view_of("a", lan, 9000ms).database_port_dead) << "one failure only";
    observer.probed("a", false, false, 2300ms);
    EXPECT_FALSE(observer.view_of("a", lan, 2499ms).probe_failed) << "too early";
    EXPECT_TRUE(observer.view_of("a", lan, 2500ms).probe_failed);
}

TEST(Observer, DoesNotCallAHostDeadWhoseAgentsPortAnswers) {
    Observer observer;
    observer.heard("a", healthy("a"), 1000ms);
    for (const auto at : {2000ms, 2500ms, 3000ms}) {
        observer.probed("a", false, true, at);
    }
    const auto view = observer.view_of("a", lan, 3000ms);
    EXPECT_TRUE(view.database_port_dead);
    EXPECT_FALSE(view.probe_failed);
}

TEST(Observer, ForgivesFailedConnectsAtTheFirstSignOfLife) {
    Observer observer;
    observer.heard("a", healthy("a"), 1000ms);
    observer.probed("a", false, false, 2000ms);
    observer.probed("a", false, false, 2500ms);
    observer.probed("a", true, true, 3000ms);
    EXPECT_FALSE(observer.view_of("a", lan, 3001ms).database_port_dead);
    observer.probed("a", false, false, 3500ms);
    observer.probed("a", false, false, 4000ms);
    observer.heard("a", healthy("a"), 4100ms);
    EXPECT_FALSE(observer.view_of("a", lan, 6000ms).database_port_dead);
}

TEST(Observer, TellsARefusedSecondStreamForAWhile) {
    Observer observer;
    observer.heard("a", healthy("a"), 100000ms);
    EXPECT_EQ(observer.view_of("a", lan, 100000ms).refused_stream, "");
    observer.refused_stream("a", "two agents", 100000ms);
    EXPECT_EQ(observer.view_of("a", lan, 101000ms).refused_stream, "two agents");
    EXPECT_EQ(observer.view_of("a", lan, 200000ms).refused_stream, "");
}

TEST(Observer, CountsHowLongAnAgentHasToldOfNoRunningDatabase) {
    Observer observer;
    auto told = healthy("b");
    observer.heard("b", told, 1000ms);
    EXPECT_EQ(observer.view_of("b", lan, 1500ms).database_down_for, 0ms);
    told.server = ServerState::stopped;
    observer.heard("b", told, 2000ms);
    told.server = ServerState::starting; // It does not answer yet, and it may die again.
    observer.heard("b", told, 3000ms);
    EXPECT_EQ(observer.view_of("b", lan, 3500ms).database_down_for, 1500ms);
    told.server = ServerState::standby;
    observer.heard("b", told, 4000ms);
    EXPECT_EQ(observer.view_of("b", lan, 4500ms).database_down_for, 0ms);
}

TEST(Observer, MakesAViewOfTheMembersOfOnePairOnly) {
    Observer observer;
    observer.heard("a", healthy("a"), 1000ms);
    observer.heard("c", healthy("c"), 1000ms);
    PairRecord record;
    record.members["a"].id = "a";
    record.members["b"].id = "b";
    const auto view = observer.view(record, 1500ms, 42);
    EXPECT_EQ(view.unix_ms, 42);
    EXPECT_EQ(view.members.size(), 2U);
    EXPECT_TRUE(view.members.at("a").observation);
    EXPECT_FALSE(view.members.at("b").observation);
}

TEST(RateLimit, LetsEachKeyPassOnceInAnInterval) {
    RateLimit limit(1000ms);
    EXPECT_TRUE(limit.passes("x", 0ms));
    EXPECT_TRUE(limit.passes("y", 10ms));
    EXPECT_FALSE(limit.passes("x", 999ms));
    EXPECT_TRUE(limit.passes("x", 1000ms));
}

TEST(RateLimit, HoldsABoundedNumberOfKeys) {
    RateLimit limit(1000ms);
    int passed = 0;
    for (int key = 0; key < 10000; ++key) {
        passed += limit.passes(std::to_string(key), 5ms) ? 1 : 0;
    }
    EXPECT_EQ(passed, 256);
    EXPECT_TRUE(limit.passes("later", 2000ms));
}

} // namespace
} // namespace lockstep
