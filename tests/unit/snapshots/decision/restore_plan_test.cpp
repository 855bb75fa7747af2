#include "snapshots/decision/restore_plan.h"

#include <gtest/gtest.h>

#include "snapshots/decision/restorable.h"
#include "tests/unit/snapshots/decision/catalogue_samples.h"

namespace lockstep::snapshots {
namespace {

using Why = Refusal::Why;

/// Two snapshots, log from 100 to 600.
Catalogue simple() {
    return {{taken("a", "1", 100, 150), taken("b", "1", 300, 350)},
            {logged("1", 100, 200), logged("1", 200, 300), logged("1", 300, 400),
             logged("1", 400, 500), logged("1", 500, 600)},
            {}};
}

RestoreRequest to_time(std::int64_t unix_ms) {
    RestoreRequest request;
    request.target.unix_ms = unix_ms;
    return request;
}

RestoreRequest to_place(std::string history, std::uint64_t place) {
    RestoreRequest request;
    request.target.position = Position{{std::move(history)}, place};
    return request;
}

std::string names(const RestorePlan& plan) {
    std::string text = plan.snapshot.id + ":";
    for (const LogSegment& segment : plan.log) {
        text += " " + segment.name;
    }
    return text;
}

std::string planned(const Catalogue& catalogue, const RestoreRequest& request) {
    const Chains chains(catalogue);
    const auto plan = plan_restore(chains, request);
    return plan ? names(*plan) : "refused: " + in_words(plan.error());
}

Refusal refused(const Catalogue& catalogue, const RestoreRequest& request) {
    const Chains chains(catalogue);
    const auto plan = plan_restore(chains, request);
    EXPECT_FALSE(plan.has_value());
    return plan ? Refusal{} : plan.error();
}

Restorable times_of(const Catalogue& catalogue) {
    return restorable(Chains(catalogue));
}

TEST(RestorePlan, TakesTheNewestSnapshotThatCanAndNoMoreLogThanItNeeds) {
    EXPECT_EQ(planned(simple(), to_time(second(360))), "b: 1-300-400");
    EXPECT_EQ(planned(simple(), to_time(second(450))), "b: 1-300-400 1-400-500");
    EXPECT_EQ(planned(simple(), to_place("1", 450)), "b: 1-300-400 1-400-500");
    RestoreRequest consistent;
    consistent.target.consistent = true;
    EXPECT_EQ(planned(simple(), consistent), "b: 1-300-400");
    consistent.snapshot = "a";
    EXPECT_EQ(planned(simple(), consistent), "a: 1-100-200");
    EXPECT_EQ(planned(simple(), {}), "b: 1-300-400 1-400-500 1-500-600");
}

TEST(RestorePlan, RDS_R8_TakesTheOlderSnapshotForATimeBeforeTheNewerOnesEnd) {
    EXPECT_EQ(planned(simple(), to_time(second(349))), "a: 1-100-200 1-200-300 1-300-400");
    EXPECT_EQ(planned(simple(), to_place("1", 349)), "a: 1-100-200 1-200-300 1-300-400");
    const auto catalogue = simple(); // Without a history: the present one's.
    const auto plan = plan_restore(Chains(catalogue), to_place("", 349));
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.position, (Position{{"1"}, 349}));
    EXPECT_EQ(planned(simple(), to_time(second(350))), "b: 1-300-400");
}

TEST(RestorePlan, RDS_R9_RefusesATimeBeforeTheFirstSnapshotWithTheNearestOne) {
    const auto before = refused(simple(), to_time(second(50)));
    EXPECT_EQ(before.why, Why::too_early);
    EXPECT_EQ(before.before_unix_ms, std::nullopt);
    EXPECT_EQ(before.after_unix_ms, second(150));
    const auto during = refused(simple(), to_time(second(149)));
    EXPECT_EQ(during.why, Why::too_early);
    EXPECT_NE(during.reason.find("in which snapshot a was taken"), std::string::npos)
        << during.reason;
    EXPECT_EQ(during.after_unix_ms, second(150));
    const auto place = refused(simple(), to_place("1", 120));
    EXPECT_EQ(place.why, Why::too_early);
    EXPECT_EQ(place.after_place, 150U);
}

TEST(RestorePlan, RDS_R9_RefusesATimeAfterTheLastCommitWithTheNearestOne) {
    const auto after = refused(simple(), to_time(second(600) + 1));
    EXPECT_EQ(after.why, Why::too_late);
    EXPECT_EQ(after.before_unix_ms, second(600));
    EXPECT_EQ(after.after_unix_ms, std::nullopt);
    EXPECT_EQ(refused(simple(), to_place("1", 601)).before_place, 600U);
    const Catalogue catalogue = simple();
    const auto last = plan_restore(Chains(catalogue), to_time(second(600)));
    ASSERT_TRUE(last.has_value());
    EXPECT_TRUE(last->to_end_of_log);
    EXPECT_FALSE(plan_restore(Chains(catalogue), to_time(second(599)))->to_end_of_log);
}

TEST(RestorePlan, RDS_V3_StopsAtMissingLogAndGoesOnBehindTheNextSnapshot) {
    Catalogue catalogue = simple();
    std::erase_if(catalogue.log, [](const auto& one) { return one.from == 400; });
    const auto missing = refused(catalogue, to_time(second(450)));
    EXPECT_EQ(missing.why, Why::missing_log);
    EXPECT_EQ(missing.before_unix_ms, second(400));
    EXPECT_EQ(missing.after_unix_ms, std::nullopt);
    const auto times = times_of(catalogue);
    EXPECT_EQ(times.latest_unix_ms, second(400)) << "log after the gap is worth nothing";
    ASSERT_TRUE(times.stopped_by.has_value());
    EXPECT_EQ(times.stopped_by->from, 400U);
    EXPECT_EQ(times.stopped_by->to, 500U);

    catalogue.snapshots.push_back(taken("c", "1", 510, 520));
    EXPECT_EQ(times_of(catalogue).latest_unix_ms, second(600));
    EXPECT_FALSE(times_of(catalogue).stopped_by.has_value());
    EXPECT_EQ(times_of(catalogue).gaps.size(), 1U);
    EXPECT_EQ(refused(catalogue, to_time(second(450))).after_unix_ms, second(520));
    EXPECT_EQ(planned(catalogue, to_time(second(399))), "b: 1-300-400");
}

TEST(RestorePlan, RDS_V2_OffersNoDamagedSnapshot) {
    Catalogue catalogue = simple();
    catalogue.snapshots[1].damage = "data/base/1/1259: SHA-256 differs";
    EXPECT_EQ(planned(catalogue, to_time(second(450))),
              "a: 1-100-200 1-200-300 1-300-400 1-400-500");
    catalogue.snapshots[0].damage = "manifest.json is missing";
    EXPECT_EQ(refused(catalogue, to_time(second(450))).why, Why::no_snapshot);
    EXPECT_FALSE(times_of(catalogue).latest_unix_ms.has_value());
    RestoreRequest named;
    named.snapshot = "b";
    EXPECT_NE(refused(catalogue, named).reason.find("is damaged: data/base/1/1259"),
              std::string::npos);
}

TEST(RestorePlan, NeedsNoLogForTheEndOfASnapshotThatHoldsItsOwn) {
    Catalogue catalogue{{taken("a", "1", 100, 150)}, {}, {}};
    RestoreRequest request;
    request.target.consistent = true;
    EXPECT_EQ(refused(catalogue, request).why, Why::missing_log);
    catalogue.snapshots.front().self_contained = true;
    EXPECT_EQ(planned(catalogue, request), "a:");
    EXPECT_EQ(times_of(catalogue).earliest_unix_ms, second(150));
    EXPECT_EQ(times_of(catalogue).latest_unix_ms, second(150));
}

/// A failover at 250: history 2 goes on from there, and its first log begins before the fork.
Catalogue failed_over() {
    return {{taken("a", "1", 100, 150)},
            {logged("1", 100, 200), logged("2", 200, 300, 2), logged("2", 300, 400, 2)},
            {{{"1"}, {}, 0}, {{"2"}, {"1"}, 250}}};
}

TEST(RestorePlan, RDS_K4_GoesAcrossAFailoverWhoseLastSegmentNeverCame) {
    EXPECT_EQ(planned(failed_over(), to_time(second(350))), "a: 1-100-200 2-200-300 2-300-400");
    EXPECT_EQ(planned(failed_over(), to_time(second(220))), "a: 1-100-200 2-200-300");
    EXPECT_EQ(times_of(failed_over()).latest_unix_ms, second(400));
    const Catalogue catalogue = failed_over();
    const auto plan = plan_restore(Chains(catalogue), to_time(second(350)));
    EXPECT_EQ(plan->history.text, "2");
    EXPECT_EQ(plan->forks, catalogue.forks);
}

TEST(RestorePlan, CountsAParentsLogOnlyUpToTheFork) {
    Catalogue catalogue = failed_over();
    std::erase_if(catalogue.log, [](const auto& one) { return one.from == 200; });
    catalogue.log.push_back(logged("1", 200, 300)); // Beyond 250 it is no part of history 2.
    EXPECT_EQ(refused(catalogue, to_place("2", 350)).why, Why::missing_log);
    EXPECT_EQ(refused(catalogue, to_place("2", 350)).before_place, 250U);
    EXPECT_EQ(planned(catalogue, to_place("1", 290)), "a: 1-100-200 1-200-300");
}

/// Restored to 50 after the fork, twice: RDS_R11. The wall clock went on all the time.
Catalogue restored_twice() {
    Catalogue catalogue{{taken("a", "1", 0, 10)},
                        {logged("1", 0, 100), logged("2", 50, 100, 2), logged("3", 60, 100, 3)},
                        {{{"2"}, {"1"}, 50}, {{"3"}, {"1"}, 60}}};
    catalogue.log[1].first_unix_ms = second(101);
    catalogue.log[1].last_unix_ms = second(200);
    catalogue.log[2].first_unix_ms = second(201);
    catalogue.log[2].last_unix_ms = second(300);
    return catalogue;
}

TEST(RestorePlan, RDS_R11_ChoosesTheHistoryThatWasThePairsAtThatTime) {
    EXPECT_EQ(planned(restored_twice(), to_time(second(70))), "a: 1-0-100");
    EXPECT_EQ(planned(restored_twice(), to_time(second(150))), "a: 1-0-100 2-50-100");
    EXPECT_EQ(planned(restored_twice(), to_time(second(250))), "a: 1-0-100 3-60-100");
    const auto late = refused(restored_twice(), to_time(second(301)));
    EXPECT_EQ(late.before_unix_ms, second(300));
}

TEST(RestorePlan, RDS_R11_RefusesATimeWhoseCommitsAreLost) {
    Catalogue catalogue = restored_twice();
    catalogue.log[0] = logged("1", 0, 80); // What followed until 100 never came.
    const auto lost = refused(catalogue, to_time(second(90)));
    EXPECT_EQ(lost.why, Why::nobodys_time);
    EXPECT_EQ(lost.before_unix_ms, second(80));
    EXPECT_EQ(lost.after_unix_ms, second(101));
}

TEST(RestorePlan, RDS_E3_KeepsTwoDatabasesApartThatCountAlike) {
    Catalogue catalogue = simple();
    Snapshot upgraded = taken("u", "1", 20, 30); // Counts from the beginning again.
    upgraded.system_id = "8";
    upgraded.epoch = Epoch{2};
    upgraded.begun_unix_ms = second(700);
    upgraded.end_unix_ms = second(710);
    LogSegment log = logged("1", 10, 60, 2);
    log.system_id = "8";
    log.first_unix_ms = second(690);
    log.last_unix_ms = second(800);
    catalogue.snapshots.push_back(upgraded);
    catalogue.log.push_back(log);
    ASSERT_TRUE(check(catalogue).has_value());
    EXPECT_EQ(times_of(catalogue).latest_unix_ms, second(800));
    EXPECT_EQ(times_of(catalogue).earliest_unix_ms, second(150));
    EXPECT_EQ(planned(catalogue, to_time(second(750))), "u: 1-10-60");
    EXPECT_EQ(planned(catalogue, to_time(second(360))), "b: 1-300-400");
    const auto between = refused(catalogue, to_time(second(650)));
    EXPECT_EQ(between.before_unix_ms, second(600));
    EXPECT_EQ(between.after_unix_ms, second(710));
}

TEST(RestorePlan, LooksForATransactionInAllLogFromTheOldestSnapshotOn) {
    RestoreRequest request;
    request.target.transaction = "4711";
    EXPECT_EQ(planned(simple(), request), "a: 1-100-200 1-200-300 1-300-400 1-400-500 1-500-600");
    request.snapshot = "b";
    EXPECT_EQ(planned(simple(), request), "b: 1-300-400 1-400-500 1-500-600");
    Catalogue broken = simple();
    std::erase_if(broken.log, [](const auto& one) { return one.from == 200; });
    request.snapshot.clear();
    EXPECT_EQ(planned(broken, request), "b: 1-300-400 1-400-500 1-500-600");
    request.target.name = "before the release";
    EXPECT_EQ(refused(broken, request).why, Why::bad_request);
}

TEST(Catalogue, RefusesWhatNoRuleCanRead) {
    EXPECT_TRUE(check(simple()).has_value());
    const auto bad = [](auto change) {
        Catalogue catalogue = failed_over();
        change(catalogue);
        const auto checked = check(catalogue);
        return checked ? std::string() : checked.error().message;
    };
    EXPECT_NE(bad([](auto& one) { one.snapshots.push_back(one.snapshots[0]); }), "");
    EXPECT_NE(bad([](auto& one) { one.snapshots[0].end.offset_bytes = 1; }), "");
    EXPECT_NE(bad([](auto& one) { one.snapshots[0].begin.history = {}; }), "");
    EXPECT_NE(bad([](auto& one) { one.log.push_back(one.log[0]); }), "");
    EXPECT_NE(bad([](auto& one) { one.log[0].to = one.log[0].from; }), "");
    EXPECT_NE(bad([](auto& one) { one.forks.push_back({{"2"}, {"1"}, 251}); }), "");
    EXPECT_NE(bad([](auto& one) { one.forks[0].parent = {"2"}; }), "");
    EXPECT_EQ(bad([](auto& one) { one.forks.push_back(one.forks[1]); }), "");
}

} // namespace
} // namespace lockstep::snapshots
