#include "drivers/mysql/snapshot/log_place.h"

#include <gtest/gtest.h>

#include "tests/unit/drivers/mysql/log_maker.h"

namespace lockstep::mysql {
namespace {

const auto a = LogMaker::uuid_text(0xaa);
const auto b = LogMaker::uuid_text(0xbb);

/// a writes, then b from a's 10th on, then a again after 5 of b's.
Descent three_reigns(Flavour flavour) {
    const auto set = [flavour](const std::string& text) {
        return GtidSet::parse(flavour, text).value();
    };
    if (flavour == Flavour::mariadb) {
        return {{{1, "1", "a1", set("")},
                 {2, "2", "b2", set("0-1-10")},
                 {3, "1", "c3", set("0-2-15")}}};
    }
    return {{{1, a, "a1", set("")},
             {2, b, "b2", set(a + ":1-10")},
             {3, a, "c3", set(a + ":1-10," + b + ":1-5")}}};
}

LoggedTransaction of(const std::string& writer, std::uint64_t number) {
    LoggedTransaction transaction;
    transaction.writer = writer;
    transaction.number = number;
    return transaction;
}

TEST(LogPlace, GoesOnAcrossPromotions) {
    const auto maria = three_reigns(Flavour::mariadb);
    EXPECT_EQ(place_after(maria, of("0-1", 10)), 10U);
    EXPECT_EQ(place_after(maria, of("0-2", 11)), 11U);
    EXPECT_EQ(place_after(maria, of("0-2", 15)), 15U);
    EXPECT_EQ(place_after(maria, of("0-1", 16)), 16U);
    const auto mysql = three_reigns(Flavour::mysql);
    EXPECT_EQ(place_after(mysql, of(a, 10)), 10U);
    EXPECT_EQ(place_after(mysql, of(b, 1)), 11U);
    EXPECT_EQ(place_after(mysql, of(b, 5)), 15U);
    EXPECT_EQ(place_after(mysql, of(a, 11)), 16U);
    EXPECT_EQ(place_after(GtidSet::parse(Flavour::mysql, a + ":1-11," + b + ":1-5").value()), 16U);
    EXPECT_EQ(place_after(GtidSet::parse(Flavour::mariadb, "0-1-9,0-2-15").value()), 15U);
}

TEST(LogPlace, KnowsWhatIsNotOfTheHistory) {
    const auto maria = three_reigns(Flavour::mariadb);
    EXPECT_FALSE(place_after(maria, of("0-1", 11))) << "a phantom of a's";
    EXPECT_FALSE(place_after(maria, of("0-2", 16))) << "a phantom of b's";
    EXPECT_FALSE(place_after(maria, of("0-3", 17)));
    EXPECT_FALSE(place_after(maria, of("1-1", 5))) << "another domain";
    EXPECT_FALSE(place_after(Descent{}, of("0-1", 1)));
    auto mysql = three_reigns(Flavour::mysql);
    EXPECT_FALSE(place_after(mysql, of(b, 6)));
    EXPECT_FALSE(place_after(mysql, of(LogMaker::uuid_text(0xcc), 1)));
    mysql.reigns.pop_back();
    EXPECT_FALSE(place_after(mysql, of(a, 11))) << "a reigns no more";
}

class EitherFlavour : public testing::TestWithParam<Flavour> {};

TEST_P(EitherFlavour, ForksAreWhereReignsBegan) {
    const auto descent = three_reigns(GetParam());
    const auto forks = forks_of(descent);
    ASSERT_EQ(forks.size(), 3U);
    EXPECT_FALSE(forks[0].parent.known());
    EXPECT_EQ(forks[0].fork, 0U);
    EXPECT_EQ(forks[1].fork, 10U);
    EXPECT_EQ(forks[2].fork, 15U);
    EXPECT_EQ(forks[2].parent, forks[1].history);
    EXPECT_EQ(forks[2].history, to_history(descent));
}

TEST_P(EitherFlavour, AForkLiesOnTheParent) {
    const auto descent = three_reigns(GetParam());
    const std::pair<std::uint64_t, std::size_t> expected[] = {{0, 1},  {1, 1},  {10, 1}, {11, 2},
                                                              {15, 2}, {16, 3}, {99, 3}};
    for (const auto& [place, reigns] : expected) {
        EXPECT_EQ(descent_at(descent, place).reigns.size(), reigns) << place;
    }
    EXPECT_FALSE(descent_at(Descent{}, 5).known());
}

INSTANTIATE_TEST_SUITE_P(Both, EitherFlavour, testing::Values(Flavour::mysql, Flavour::mariadb));

TEST(LogPlace, TellsTimesAsExactlyAsTheLogDoes) {
    LoggedTransaction maria;
    maria.unix_s = 7;
    EXPECT_EQ(commit_time(maria).earliest_ms, 7000);
    EXPECT_EQ(commit_time(maria).latest_ms, 7999);
    EXPECT_EQ(complete_to_ms(maria), 6999) << "more may come in that second";
    LoggedTransaction mysql;
    mysql.unix_s = 7;
    mysql.unix_us = 7'000'001;
    EXPECT_EQ(commit_time(mysql).earliest_ms, 7000);
    EXPECT_EQ(commit_time(mysql).latest_ms, 7001);
    EXPECT_EQ(complete_to_ms(mysql), 7000);
}

} // namespace
} // namespace lockstep::mysql
