#include "snapshots/decision/run_plan.h"

#include <gtest/gtest.h>

#include "tests/unit/snapshots/decision/catalogue_samples.h"

namespace lockstep::snapshots {
namespace {

using Why = TakeDecision::Why;
constexpr std::int64_t hour = 3'600'000;
// The samples' start is 08:00 UTC; days are counted from the midnight before it.
constexpr std::int64_t midnight = epoch_ms - epoch_ms % sample_day_ms;

/// A snapshot of yesterday's window (03:00-04:00 UTC), log up to now.
RunInput input_at(std::int64_t now) {
    RunInput input;
    input.window = {180, 60};
    input.zone = utc_zone();
    input.retention.now_unix_ms = now;
    Snapshot snapshot = taken("yesterday", "1", 100, 150);
    snapshot.begun_unix_ms = midnight + sample_day_ms + 3 * hour;
    snapshot.end_unix_ms = snapshot.begun_unix_ms + 10 * minute_ms;
    LogSegment log = logged("1", 50, 1000);
    log.first_unix_ms = midnight + sample_day_ms;
    log.last_unix_ms = now;
    input.retention.catalogue = {{snapshot}, {log}, {}};
    return input;
}

constexpr std::int64_t today = midnight + 2 * sample_day_ms;

TEST(Take, NothingIsDueBeforeTheNextWindow) {
    const auto decision = decide_take(input_at(today + 2 * hour));
    EXPECT_FALSE(decision.take);
    EXPECT_EQ(decision.reason, Why::done);
    EXPECT_EQ(decision.next_unix_ms, today + 3 * hour);
    EXPECT_EQ(decision.alarm, "");
}

TEST(Take, IsDueOnceInTheWindow) {
    RunInput input = input_at(today + 3 * hour);
    EXPECT_EQ(decide_take(input).reason, Why::due);
    EXPECT_TRUE(decide_take(input).take);
    EXPECT_EQ(decide_take(input).bytes, 5000U);
    input.attempts = {{today + 3 * hour, 0, Attempt::End::none, ""}};
    EXPECT_EQ(decide_take(input).reason, Why::going_on);
    input.retention.catalogue.snapshots.push_back(taken("today", "1", 200, 250));
    input.retention.catalogue.snapshots.back().begun_unix_ms = today + 3 * hour;
    input.attempts.front().end = Attempt::End::success;
    EXPECT_EQ(decide_take(input).reason, Why::done);
}

TEST(Take, AManualOneDoesNotStandInForIt) {
    RunInput input = input_at(today + 3 * hour);
    input.retention.catalogue.snapshots.push_back(taken("manual", "1", 200, 250));
    input.retention.catalogue.snapshots.back().begun_unix_ms = today + 3 * hour;
    input.retention.catalogue.snapshots.back().kind = SnapshotKind::manual;
    EXPECT_EQ(decide_take(input).reason, Why::due);
}

TEST(Take, AFailedOneIsTriedAgainAnHourLaterAndAlarmed) {
    RunInput input = input_at(today + 3 * hour + 30 * minute_ms);
    input.attempts = {{today + 3 * hour, today + 3 * hour + 5 * minute_ms, Attempt::End::failure,
                       "the repository is full"}};
    const auto waiting = decide_take(input);
    EXPECT_EQ(waiting.reason, Why::waiting);
    EXPECT_FALSE(waiting.take);
    EXPECT_EQ(waiting.next_unix_ms, today + 4 * hour + 5 * minute_ms);
    EXPECT_NE(waiting.alarm.find("the repository is full"), std::string::npos);
    input.retention.now_unix_ms = waiting.next_unix_ms;
    const auto again = decide_take(input);
    EXPECT_TRUE(again.take) << "after the window too";
    EXPECT_EQ(again.reason, Why::missed);
}

TEST(Take, RDS_K2_OneThatAPromotionCutShortIsTriedAgainAtOnce) {
    RunInput input = input_at(today + 3 * hour + 30 * minute_ms);
    input.attempts = {{today + 3 * hour, today + 3 * hour + 29 * minute_ms, Attempt::End::cut_short,
                       "the standby was promoted"}};
    EXPECT_TRUE(decide_take(input).take);
    EXPECT_EQ(decide_take(input).alarm, "");
}

TEST(Take, AMissedWindowIsMadeUpForAndAlarmed) {
    const auto decision = decide_take(input_at(today + 5 * hour));
    EXPECT_TRUE(decision.take);
    EXPECT_EQ(decision.reason, Why::missed);
    EXPECT_NE(decision.alarm.find("the last good one is yesterday"), std::string::npos);
}

TEST(Take, TheFirstOneWaitsForNoWindow) {
    RunInput input = input_at(today + 12 * hour);
    input.retention.catalogue = {};
    EXPECT_EQ(decide_take(input).reason, Why::first);
    EXPECT_TRUE(decide_take(input).take);
    input = input_at(today + 2 * hour);
    input.retention.catalogue.snapshots.front().damage = "gone";
    EXPECT_EQ(decide_take(input).reason, Why::first);
}

TEST(Take, RDS_D2_AGapInTheLogWantsANewOne) {
    RunInput input = input_at(today + 2 * hour);
    input.retention.catalogue.log.push_back(logged("1", 2000, 3000));
    const auto decision = decide_take(input);
    EXPECT_TRUE(decision.take);
    EXPECT_EQ(decision.reason, Why::broken_log);
    EXPECT_NE(decision.alarm.find("log from 1000 to 2000"), std::string::npos) << decision.alarm;
}

TEST(Take, NeverWithoutRetentionOrWithoutAPair) {
    RunInput input = input_at(today + 3 * hour);
    input.retention.retention.days = 0;
    EXPECT_EQ(decide_take(input).reason, Why::switched_off);
    input.retention.pair_deleted = true;
    EXPECT_EQ(decide_take(input).reason, Why::deleted);
    EXPECT_EQ(decide_take(input).alarm, "");
}

TEST(RunPlan, DeletesNoLogWhileASnapshotIsTaken) {
    RunInput input = input_at(today + 3 * hour);
    input.retention.catalogue.log.push_back(logged("1", 10, 20));
    EXPECT_TRUE(plan_run(input).retention.log.back().goes) << "it is needed by nothing";
    input.attempts = {{today + 3 * hour, 0, Attempt::End::none, ""}};
    EXPECT_FALSE(plan_run(input).retention.log.back().goes);
    EXPECT_EQ(plan_run(input).times.latest_unix_ms, today + 3 * hour);
}

} // namespace
} // namespace lockstep::snapshots
