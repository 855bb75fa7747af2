#include "controller/observer.h"

#include <gtest/gtest.h>

#include "controller/decision/decide.h"
#include "controller/last_word.h"
#include "controller/rate_limit.h"
#include "tests/support/pair_fixture.h"

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

TEST(Observer, CountsHowLongAnAgentIsSilentAndMakesNothingElseLonger) {
    Observer observer;
    observer.connected("a", 1000ms);
    auto told = healthy("a");
    told.stream.silent = told.acknowledgements.silent = told.sql.silent = 10ms;
    observer.heard("a", told, 1000ms);
    const auto view = observer.view_of("a", lan, 1250ms);
    EXPECT_TRUE(view.connected);
    EXPECT_EQ(view.silent, 250ms);
    EXPECT_EQ(view.observation, told);
}

/// Of a controller that is cut off: whoever was heard last must not be its witness against the
/// other, however the last words fell.
class CutOff : public testing::TestWithParam<std::pair<MemberId, MemberId>> {};

TEST_P(CutOff, REDTEAM_F26_TheControllersOwnSilenceIsNoEvidence) {
    const auto record = fixture::in_sync_record();
    for (auto apart = 0ms; apart < lan.dead_after; apart += 50ms) {
        Observer observer;
        auto last = apart;
        for (const auto& member : {GetParam().first, GetParam().second}) {
            auto told = fixture::observed(record, member);
            told.stream.silent = told.acknowledgements.silent = told.sql.silent = 200ms;
            told.acknowledgements.disk_proved = true;
            observer.connected(member, 0ms);
            observer.heard(member, told, apart - last);
            last = 0ms;
        }
        for (auto now = apart; now < 60000ms; now += 50ms) {
            for (const auto& [member, about] : record.members) {
                if (now % 500ms == 0ms && observer.wants_probe(member, now)) {
                    observer.probed(member, false, false, now);
                }
            }
            const auto decision = decide(record, observer.view(record, now, 42));
            ASSERT_FALSE(decision.next) << apart.count() << " ms apart, after " << now.count()
                                        << " ms: " << decision.because;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Observer, CutOff,
                         testing::Values(std::pair{"a", "b"}, std::pair{"b", "a"}));

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
