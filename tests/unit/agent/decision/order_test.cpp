#include "agent/decision/order.h"

#include <gtest/gtest.h>

#include "tests/support/pair_fixture.h"

namespace lockstep {
namespace {

Held holding(std::optional<PairRecord> record) {
    return {"a", "store", std::move(record)};
}

wire::Told telling(std::optional<PairRecord> record) {
    wire::Told told;
    told.store_id = "store";
    told.record = std::move(record);
    return told;
}

PairRecord at_revision(std::uint64_t revision) {
    auto record = fixture::in_sync_record();
    record.revision = Revision{revision};
    return record;
}

TEST(Order, TakesTheFirstRecordThatKnowsThisMember) {
    const auto judged = judge_told(holding(std::nullopt), telling(at_revision(10)));
    EXPECT_EQ(judged.verdict, Verdict::newer);
}

TEST(Order, TakesAHigherRevision) {
    const auto judged = judge_told(holding(at_revision(10)), telling(at_revision(11)));
    EXPECT_EQ(judged.verdict, Verdict::newer);
}

TEST(Order, KnowsWhatItHoldsAlready) {
    const auto judged = judge_told(holding(at_revision(10)), telling(at_revision(10)));
    EXPECT_EQ(judged.verdict, Verdict::same);
    EXPECT_TRUE(judged.because.empty());
}

TEST(Order, RefusesALowerRevisionWhateverItSays) {
    auto lower = at_revision(9);
    lower.epoch = Epoch{7}; // REDTEAM F12: nothing but the revision orders.
    const auto judged = judge_told(holding(at_revision(10)), telling(lower));
    EXPECT_EQ(judged.verdict, Verdict::older);
    EXPECT_TRUE(is_alarm(judged.verdict));
    EXPECT_FALSE(is_current(judged.verdict));
}

TEST(Order, AlarmsOnAnEqualRevisionThatDiffers) {
    auto other = at_revision(10);
    other.in_sync.erase("b");
    const auto judged = judge_told(holding(at_revision(10)), telling(other));
    EXPECT_EQ(judged.verdict, Verdict::conflicting);
    EXPECT_TRUE(is_alarm(judged.verdict));
    EXPECT_NE(judged.because.find("revision 10"), std::string::npos) << judged.because;
}

TEST(Order, NeedsAnOperatorForAnotherStore) {
    auto told = telling(at_revision(11));
    told.store_id = "other";
    const auto judged = judge_told(holding(at_revision(10)), told);
    EXPECT_EQ(judged.verdict, Verdict::foreign_store);
    EXPECT_TRUE(is_alarm(judged.verdict));
    EXPECT_FALSE(is_current(judged.verdict));
}

TEST(Order, NeedsAnOperatorForARecordOfAnotherStore) {
    auto record = at_revision(11);
    record.store_id = "other";
    EXPECT_EQ(judge_told(holding(std::nullopt), telling(record)).verdict, Verdict::foreign_store);
}

TEST(Order, IgnoresARecordOfAPairThatItNeverBelongedTo) {
    auto record = at_revision(11);
    record.members.erase("a");
    record.primary = "b";
    EXPECT_EQ(judge_told(holding(std::nullopt), telling(record)).verdict, Verdict::not_for_me);
}

TEST(Order, TakesTheNewsThatItLeftItsPair) {
    auto record = at_revision(11);
    record.members.erase("a");
    record.primary = "b";
    EXPECT_EQ(judge_told(holding(at_revision(10)), telling(record)).verdict, Verdict::newer);
}

TEST(Order, KeepsWhatItHoldsWhenTheControllerKnowsNoPair) {
    EXPECT_EQ(judge_told(holding(at_revision(10)), telling(std::nullopt)).verdict,
              Verdict::withdrawn);
    EXPECT_EQ(judge_told(holding(std::nullopt), telling(std::nullopt)).verdict,
              Verdict::nothing_held);
}

} // namespace
} // namespace lockstep
