#include "agent/server_view.h"

#include <gtest/gtest.h>

#include "agent/silence.h"

namespace lockstep {
namespace {

Milliseconds at(int ms) {
    return Milliseconds{100000 + ms};
}

ServerReport primary(std::string name, std::uint64_t acknowledged) {
    ServerReport report;
    report.state = ServerState::primary;
    report.acknowledgements.name = std::move(name);
    report.acknowledgements.streaming = true;
    report.acknowledged = {History{"1"}, acknowledged};
    return report;
}

ServerReport standby(bool connected, std::string name) {
    ServerReport report;
    report.state = ServerState::standby;
    report.stream.connected = connected;
    report.stream.name = std::move(name);
    return report;
}

class ServerViewed : public testing::Test {
protected:
    void SetUp() override { view_.forget(at(0)); }
    void take(ServerReport report, int ms) { view_.take(std::move(report), at(ms), at(ms)); }
    ServerView view_;
};

TEST_F(ServerViewed, StartsUntilItAnswers) {
    EXPECT_EQ(view_.state(), ServerState::starting);
    take(standby(true, "n"), 10);
    EXPECT_EQ(view_.state(), ServerState::standby);
    view_.forget(at(20));
    EXPECT_EQ(view_.state(), ServerState::starting);
}

TEST_F(ServerViewed, AcknowledgementsAreSilentSinceThePositionLastMoved) {
    take(primary("n", 100), 0);
    take(primary("n", 200), 100);
    take(primary("n", 200), 900);
    EXPECT_EQ(view_.acknowledgements(at(1000), at(0)).silent, Milliseconds{900});
}

TEST_F(ServerViewed, ANewNameStartsItsOwnSilence) {
    take(primary("n", 200), 100);
    take(primary("m", 200), 500);
    EXPECT_EQ(view_.acknowledgements(at(600), at(0)).silent, Milliseconds{100});
}

TEST_F(ServerViewed, ANameThatJustCameIntoForceHasHeardNobody) { // R6
    take(primary("n", 100), 0);
    EXPECT_FALSE(view_.has_heard_standby());
    take(primary("n", 200), 100);
    EXPECT_TRUE(view_.has_heard_standby());
    take(primary("m", 300), 500);
    EXPECT_FALSE(view_.has_heard_standby());
}

TEST_F(ServerViewed, KeepsTheEndOfTheLogWhereItFirstAnsweredAsPrimary) { // R9
    take(standby(true, "n"), 0);
    EXPECT_FALSE(view_.first_end().history.known());
    auto report = primary("n", 100);
    report.position = {History{"1"}, 700};
    take(report, 10);
    report.position.offset_bytes = 900;
    take(report, 20);
    EXPECT_EQ(view_.first_end(), (Position{History{"1"}, 700}));
    view_.forget(at(30));
    EXPECT_FALSE(view_.first_end().history.known());
}

TEST_F(ServerViewed, AStreamThatBreaksAndComesBackAcknowledgedNothing) {
    take(primary("n", 200), 100);
    auto broken = primary("n", 0);
    broken.acknowledgements.streaming = false;
    broken.acknowledged = Position{};
    take(std::move(broken), 500);
    take(primary("n", 200), 900);
    EXPECT_EQ(view_.acknowledgements(at(1000), at(0)).silent, Milliseconds{900});
    take(primary("n", 201), 1100);
    EXPECT_EQ(view_.acknowledgements(at(1200), at(0)).silent, Milliseconds{100});
}

TEST_F(ServerViewed, RecoveryIsSilence) {
    ServerReport recovering;
    recovering.state = ServerState::starting;
    take(recovering, 100);
    take(recovering, 900);
    EXPECT_EQ(view_.sql(at(1000)).silent, Milliseconds{1000});
    EXPECT_EQ(view_.sql(at(1000)).trouble, "still recovers");
    take(standby(true, "n"), 1100);
    EXPECT_EQ(view_.sql(at(1200)).silent, Milliseconds{0});
}

TEST_F(ServerViewed, ADiskIsProvedOnlyByAProbeStartedAfterTheAcknowledgement) { // REDTEAM F19
    take(primary("n", 200), 100);
    EXPECT_FALSE(view_.acknowledgements(at(900), at(100)).disk_proved);
    EXPECT_TRUE(view_.acknowledgements(at(900), at(101)).disk_proved);
}

TEST_F(ServerViewed, AStreamIsCleanSinceItsLastBreak) {
    take(standby(true, "n"), 100);
    take(standby(true, "n"), 900);
    EXPECT_EQ(view_.stream(at(1000)).clean_for, Milliseconds{900});
    take(standby(false, "n"), 1000);
    EXPECT_EQ(view_.stream(at(1100)).clean_for, Milliseconds{0});
    EXPECT_EQ(view_.disconnected_for(at(1100)), Milliseconds{100});
    take(standby(true, "n"), 1200);
    EXPECT_EQ(view_.stream(at(1300)).clean_for, Milliseconds{100});
    EXPECT_EQ(view_.disconnected_for(at(1300)), Milliseconds{0});
}

TEST_F(ServerViewed, SilenceGrowsWithTheAgeOfTheReport) {
    auto report = standby(true, "n");
    report.stream.silent = Milliseconds{50};
    take(std::move(report), 100);
    EXPECT_EQ(view_.stream(at(400)).silent, Milliseconds{350});
}

TEST_F(ServerViewed, AnAnswerFromBeforeAPromotionIsNoNews) {
    take(standby(true, "n"), 100);
    view_.became_primary(at(200));
    view_.take(standby(true, "n"), at(150), at(210));
    EXPECT_EQ(view_.state(), ServerState::primary);
}

TEST(SilenceOfAProbe, IsZeroWhileTheLastAnswerWasGood) {
    Silence silence;
    silence.reset(at(0));
    silence.asked(at(100));
    silence.good(at(110));
    EXPECT_EQ(silence.probe(at(5000)), Probe{});
}

TEST(SilenceOfAProbe, CountsFromTheLastGoodAnswer) {
    Silence silence;
    silence.reset(at(0));
    silence.asked(at(100));
    silence.bad("EIO");
    EXPECT_EQ(silence.probe(at(700)).silent, Milliseconds{700});
    EXPECT_EQ(silence.probe(at(700)).trouble, "EIO");
}

TEST(SilenceOfAProbe, AProbeThatHangsIsSilence) {
    Silence silence;
    silence.good(at(0));
    silence.asked(at(100));
    EXPECT_EQ(silence.probe(at(500)).silent, Milliseconds{0});
    EXPECT_EQ(silence.probe(at(3100)).silent, Milliseconds{3100});
}

} // namespace
} // namespace lockstep
