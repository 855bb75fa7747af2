#include "tests/support/testbed/timeline.h"

#include <gtest/gtest.h>

namespace lockstep::testbed {
namespace {

using Json = nlohmann::json;

Json event(std::int64_t unix_ms, const char* kind, const char* message = "") {
    return {{"unix_ms", unix_ms}, {"kind", kind}, {"message", message}};
}

TEST(Timeline, SharesTheOutageOutAmongItsPhases) {
    const Json events{event(900, "widen"),
                      event(1004, "promote", "the primary failed"),
                      event(1006, "decision", "promoting: the new primary is promoting itself"),
                      event(1046, "promote", "primary in epoch 2"),
                      event(1050, "serve"),
                      event(1020, "published"),
                      event(3000, "widen")};
    const auto timeline = read_timeline(events, 1000, 61);
    EXPECT_EQ(timeline.phases.detect, 4);
    EXPECT_EQ(timeline.phases.decide, 2);
    EXPECT_EQ(timeline.phases.promote, 44);
    EXPECT_EQ(timeline.phases.publish, 14);
    EXPECT_EQ(timeline.phases.first_write, 11);
    EXPECT_EQ(timeline.redundant_again_ms, 2000);
}

TEST(Timeline, SaysHowLongWritesWaitedForALostStandby) {
    const Json events{event(900, "narrow"), event(2600, "narrow", "the standby failed"),
                      event(2604, "decision", "solo: the primary is alone"),
                      event(2650, "ticket", "commits wait for nobody, after 40 ms"),
                      event(6000, "widen")};
    const auto timeline = read_timeline(events, 1000, 1660);
    EXPECT_FALSE(timeline.promoted);
    ASSERT_TRUE(timeline.relaxation.has_value());
    EXPECT_EQ(timeline.relaxation->detect, 1600);
    EXPECT_EQ(timeline.relaxation->decide, 4);
    EXPECT_EQ(timeline.relaxation->relax, 46);
    EXPECT_EQ(timeline.redundant_again_ms, 5000);
}

TEST(Timeline, IsNeverNegative) {
    const Json events{event(1004, "promote"), event(1050, "serve"), event(1080, "published")};
    const auto timeline = read_timeline(events, 1000, 40); // Written before it was published.
    EXPECT_EQ(timeline.phases.decide, 0);
    EXPECT_EQ(timeline.phases.promote, 36);
    EXPECT_EQ(timeline.phases.first_write, 0);
    EXPECT_EQ(timeline.redundant_again_ms, -1);
}

} // namespace
} // namespace lockstep::testbed
