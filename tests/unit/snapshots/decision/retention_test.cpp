#include "snapshots/decision/retention.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/snapshots/decision/catalogue_samples.h"

namespace lockstep::snapshots {
namespace {

constexpr std::uint64_t a_day = 86'400;

/// Daily snapshots `from` to `to` days after the start, log all the way to ten days after it.
RetentionInput daily(int from, int to) {
    RetentionInput input;
    for (int day = from; day <= to; ++day) {
        const auto place = static_cast<std::uint64_t>(day) * a_day;
        input.catalogue.snapshots.push_back(
            taken("day" + std::to_string(day), "1", place - 100, place));
    }
    for (std::uint64_t place = 0; place < 10 * a_day; place += a_day / 2) {
        input.catalogue.log.push_back(logged("1", place, place + a_day / 2));
    }
    input.now_unix_ms = second(10 * static_cast<std::int64_t>(a_day));
    input.retention = {3, 1};
    return input;
}

std::string going(const std::vector<Verdict>& verdicts) {
    std::string text;
    for (const Verdict& verdict : verdicts) {
        text += verdict.goes ? verdict.name + " " : "";
    }
    return text;
}

std::string why(const RetentionPlan& plan, const std::string& id) {
    const auto found = std::ranges::find(plan.snapshots, id, &Verdict::name);
    return found == plan.snapshots.end() ? "" : found->why;
}

Snapshot& at(RetentionInput& input, const std::string& id) {
    return *std::ranges::find(input.catalogue.snapshots, id, &Snapshot::id);
}

TEST(Retention, KeepsWhatTheRetentionsFirstTimeIsRestoredFrom) {
    RetentionInput input = daily(1, 9);
    input.now_unix_ms += 1000; // The window now begins a second after day 7's snapshot.
    const auto plan = plan_retention(input);
    EXPECT_EQ(going(plan.snapshots), "day1 day2 day3 day4 day5 day6 ");
    EXPECT_NE(why(plan, "day7").find("can be restored only from it"), std::string::npos);
    EXPECT_NE(why(plan, "day8").find("stays for 3 days"), std::string::npos);
    EXPECT_NE(why(plan, "day1").find("the retention is 3 days"), std::string::npos);
    EXPECT_EQ(std::ranges::count_if(plan.log, &Verdict::goes), 13) << "all before day 7's begin";
    EXPECT_EQ(plan.freed_bytes, 6U * 5000 + 13 * 10);
    EXPECT_EQ(plan.kept_bytes, 3U * 5000 + 7 * 10);
}

TEST(Retention, KeepsManualFinalAndKeptOnesWithTheLogThatMakesThemConsistent) {
    RetentionInput input = daily(1, 9);
    at(input, "day1").kind = SnapshotKind::manual;
    at(input, "day2").kind = SnapshotKind::final;
    at(input, "day3").keep = true;
    const auto plan = plan_retention(input);
    EXPECT_EQ(going(plan.snapshots), "day4 day5 day6 ");
    const auto stays = [&](std::uint64_t from) {
        return !std::ranges::find(plan.log, logged("1", from, from + a_day / 2).name,
                                  &Verdict::name)
                    ->goes;
    };
    EXPECT_TRUE(stays(a_day / 2)); // day1 ends in it …
    EXPECT_FALSE(stays(a_day));    // … and needs nothing that follows.
    EXPECT_TRUE(stays(a_day + a_day / 2));
    EXPECT_TRUE(stays(2 * a_day + a_day / 2));
}

TEST(Retention, RDS_E2_NeverDeletesTheLastGoodOne) {
    RetentionInput input = daily(1, 9);
    for (int day = 3; day <= 9; ++day) {
        at(input, "day" + std::to_string(day)).damage = "a flipped bit";
    }
    const auto plan = plan_retention(input);
    EXPECT_FALSE(going(plan.snapshots).find("day2 ") != std::string::npos);
    EXPECT_NE(why(plan, "day2").find("its expiry is frozen"), std::string::npos)
        << why(plan, "day2");
    EXPECT_EQ(going(plan.snapshots), "day1 day3 day4 day5 day6 day7 ");
}

TEST(Retention, RDS_E2_CountsOneWithoutItsLogAsNotGood) {
    RetentionInput input = daily(1, 9);
    std::erase_if(input.catalogue.log, [](const auto& one) { return one.to > 5 * a_day; });
    const auto plan = plan_retention(input);
    EXPECT_NE(why(plan, "day5").find("its expiry is frozen"), std::string::npos);
}

TEST(Retention, RDS_V5_FreezesTheLastCleanOneWithAllTimesItServes) {
    RetentionInput input = daily(1, 9);
    input.retention = {0, 1};
    for (int day = 6; day <= 9; ++day) {
        at(input, "day" + std::to_string(day)).damage = "page checksum of base/5/16384, block 7";
    }
    const auto plan = plan_retention(input);
    EXPECT_EQ(going(plan.snapshots), "day1 day2 day3 day4 day6 day7 day8 day9 ");
    EXPECT_EQ(std::ranges::count_if(plan.log, &Verdict::goes), 9);
}

TEST(Retention, KeepsTheLeastNumberHoweverOld) {
    RetentionInput input = daily(1, 5);
    input.now_unix_ms += 100 * sample_day_ms;
    input.retention = {0, 3};
    EXPECT_EQ(going(plan_retention(input).snapshots), "day1 day2 ");
}

TEST(Retention, DeletesNoLogWhileASnapshotIsTaken) {
    RetentionInput input = daily(1, 9);
    input.taking = true;
    EXPECT_EQ(going(plan_retention(input).log), "");
    EXPECT_NE(going(plan_retention(input).snapshots), "");
}

TEST(Retention, DeletesNothingWhileSomethingCannotBeRead) {
    RetentionInput input = daily(1, 9);
    input.incomplete = true;
    EXPECT_EQ(going(plan_retention(input).log), "");
    EXPECT_EQ(going(plan_retention(input).snapshots), "");
    EXPECT_NE(why(plan_retention(input), "day1").find("cannot be read"), std::string::npos);
    input.incomplete = false;
    const auto plan = plan_retention(input);
    input.incomplete = true;
    EXPECT_EQ(going(confirm(plan, input).snapshots) + going(confirm(plan, input).log), "");
}

TEST(Retention, KeepsLogThatALaterSnapshotMayNeed) {
    RetentionInput input = daily(1, 0);
    EXPECT_EQ(going(plan_retention(input).log),
              logged("1", 0, a_day / 2).name + " " + logged("1", a_day / 2, a_day).name + " " +
                  logged("1", a_day, a_day + a_day / 2).name + " " +
                  logged("1", a_day + a_day / 2, 2 * a_day).name + " " +
                  logged("1", 2 * a_day, 2 * a_day + a_day / 2).name + " " +
                  logged("1", 2 * a_day + a_day / 2, 3 * a_day).name + " " +
                  logged("1", 3 * a_day, 3 * a_day + a_day / 2).name + " " +
                  logged("1", 3 * a_day + a_day / 2, 4 * a_day).name + " " +
                  logged("1", 4 * a_day, 4 * a_day + a_day / 2).name + " " +
                  logged("1", 4 * a_day + a_day / 2, 5 * a_day).name + " " +
                  logged("1", 5 * a_day, 5 * a_day + a_day / 2).name + " ");
}

TEST(Retention, RDS_E4_ADeletedPairKeepsManualAndFinalOnes) {
    RetentionInput input = daily(1, 9);
    at(input, "day1").kind = SnapshotKind::manual;
    at(input, "day9").kind = SnapshotKind::final;
    input.pair_deleted = true;
    const auto plan = plan_retention(input);
    EXPECT_EQ(going(plan.snapshots), "day2 day3 day4 day5 day6 day7 day8 ");
    EXPECT_NE(why(plan, "day8").find("were not to be retained"), std::string::npos);
}

TEST(Retention, RDS_E4_RetainedOnesGoWithTimeTheLastOneToo) {
    RetentionInput input = daily(1, 9);
    input.pair_deleted = true;
    input.retained = true;
    EXPECT_EQ(going(plan_retention(input).snapshots), "day1 day2 day3 day4 day5 day6 ");
    input.now_unix_ms += 20 * sample_day_ms;
    const auto later = plan_retention(input);
    EXPECT_EQ(std::ranges::count_if(later.snapshots, &Verdict::goes), 9);
    EXPECT_EQ(std::ranges::count_if(later.log, &Verdict::goes), 20);
}

TEST(Retention, RDS_E3_OrdersByTimeNotByPlace) {
    RetentionInput input = daily(1, 9);
    for (int day = 8; day <= 9; ++day) { // After an upgrade that counts from the beginning.
        Snapshot& one = at(input, "day" + std::to_string(day));
        one.system_id = "8";
        one.epoch = Epoch{2};
        one.begin.offset_bytes = static_cast<std::uint64_t>(day);
        one.end.offset_bytes = one.begin.offset_bytes + 1;
        one.self_contained = true;
    }
    input.retention = {0, 2};
    input.now_unix_ms += 1000;
    EXPECT_EQ(going(plan_retention(input).snapshots), "day1 day2 day3 day4 day5 day6 day7 ");
}

TEST(Confirm, DropsWhatChangedSinceThePlanWasMade) {
    const RetentionInput then = daily(1, 9);
    const auto plan = plan_retention(then);
    RetentionInput now = then;
    at(now, "day2").keep = true;
    at(now, "day3").bytes = 1;
    std::erase_if(now.catalogue.snapshots, [](const auto& one) { return one.id == "day4"; });
    const auto confirmed = confirm(plan, now);
    EXPECT_EQ(going(confirmed.snapshots), "day1 day5 day6 ");
    ASSERT_GE(confirmed.dropped.size(), 3U);
    EXPECT_NE(confirmed.dropped[0].why.find("to be kept"), std::string::npos);
    EXPECT_NE(confirmed.dropped[1].why.find("another one"), std::string::npos);
    EXPECT_NE(confirmed.dropped[2].why.find("not there"), std::string::npos);
    // day3 could go but does not: all log from its begin on stays with it.
    EXPECT_EQ(std::ranges::count_if(confirmed.log, &Verdict::goes), 4);
}

TEST(Confirm, DeletesNothingThatThePlanDidNotName) {
    const auto plan = plan_retention(daily(1, 9));
    RetentionInput later = daily(1, 9);
    later.now_unix_ms += 2 * sample_day_ms;
    EXPECT_EQ(going(confirm(plan, later).snapshots), going(plan.snapshots));
    EXPECT_LE(confirm(plan, later).log.size(), 13U);
}

TEST(MayDelete, RefusesKeptOnesAndTheLastGoodOne) {
    RetentionInput input = daily(1, 2);
    const Catalogue& catalogue = input.catalogue;
    EXPECT_EQ(may_delete(catalogue, "day7", Consent::none).error().code, Errc::unreachable);
    EXPECT_TRUE(may_delete(catalogue, "day1", Consent::none).has_value());
    at(input, "day1").keep = true;
    EXPECT_EQ(may_delete(catalogue, "day1", Consent::even_the_last).error().code, Errc::refused);
    at(input, "day1").damage = "gone";
    EXPECT_EQ(may_delete(catalogue, "day2", Consent::none).error().code, Errc::refused);
    EXPECT_TRUE(may_delete(catalogue, "day2", Consent::even_the_last).has_value());
}

TEST(Retention, AllowsZeroToThirtyFiveDays) {
    EXPECT_TRUE(check(Retention{0, 1}).has_value());
    EXPECT_TRUE(check(Retention{35, 100}).has_value());
    EXPECT_FALSE(check(Retention{-1, 1}).has_value());
    EXPECT_FALSE(check(Retention{36, 1}).has_value());
    EXPECT_FALSE(check(Retention{7, 0}).has_value());
    EXPECT_FALSE(check(Retention{7, 101}).has_value());
}

} // namespace
} // namespace lockstep::snapshots
