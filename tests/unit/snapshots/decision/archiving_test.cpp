#include <gtest/gtest.h>

#include "snapshots/decision/archiving.h"

namespace lockstep::snapshots {
namespace {

LogSegment segment(const std::string& history, std::uint64_t from, std::uint64_t to,
                   const std::string& system_id = "7") {
    LogSegment one;
    one.name = history + ":" + std::to_string(from);
    one.system_id = system_id;
    one.history = {history};
    one.from = from;
    one.to = to;
    one.first_unix_ms = static_cast<std::int64_t>(from) + 1;
    one.last_unix_ms = static_cast<std::int64_t>(to);
    one.bytes = 10;
    return one;
}

TEST(Joined, LeavesOnlyTheGaps) {
    const auto pieces = joined({segment("1", 30, 40), segment("1", 0, 10), segment("1", 10, 20),
                                segment("2", 20, 25), segment("1", 15, 22)});
    ASSERT_EQ(pieces.size(), 3U);
    EXPECT_EQ(pieces[0].name, "1:0");
    EXPECT_EQ(pieces[0].to, 22U);
    EXPECT_EQ(pieces[0].first_unix_ms, 1);
    EXPECT_EQ(pieces[0].last_unix_ms, 22);
    EXPECT_EQ(pieces[0].bytes, 30U);
    EXPECT_EQ(pieces[1].from, 30U);
    EXPECT_EQ(pieces[2].history.text, "2");
}

TEST(Joined, KeepsTimesWhereAPieceHasNoCommit) {
    auto silent = segment("1", 10, 20);
    silent.first_unix_ms = silent.last_unix_ms = 0;
    const auto pieces = joined({silent, segment("1", 20, 30)});
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_EQ(pieces[0].first_unix_ms, 21);
    EXPECT_EQ(pieces[0].last_unix_ms, 30);
}

const std::vector<HistoryFork> forks = {{{"1"}, {}, 0}, {{"1@25 2"}, {"1"}, 25}};

TEST(ResumeAt, IsTheEndOfWhatIsOnTheWay) {
    const std::vector log = {segment("1", 0, 10), segment("1", 20, 30)};
    EXPECT_EQ(resume_at(log, forks, "7", {"1"}), (Position{{"1"}, 30}));
    // On the child's way the parent counts up to the fork.
    EXPECT_EQ(resume_at(log, forks, "7", {"1@25 2"}), (Position{{"1"}, 25}));
    const std::vector more = {segment("1", 20, 30), segment("1@25 2", 20, 28)};
    EXPECT_EQ(resume_at(more, forks, "7", {"1@25 2"}), (Position{{"1@25 2"}, 28}));
}

TEST(ResumeAt, IsNowhereWithoutLogOfThisDatabase) {
    EXPECT_FALSE(resume_at({}, forks, "7", {"1"}).history.known());
    EXPECT_FALSE(resume_at({segment("1", 0, 10, "8")}, forks, "7", {"1"}).history.known());
    EXPECT_FALSE(resume_at({segment("1@3 2", 0, 10)}, forks, "7", {"1"}).history.known());
    // Log of the parent after the fork is another one's.
    EXPECT_FALSE(resume_at({segment("1", 25, 30)}, forks, "7", {"1@25 2"}).history.known());
}

TEST(ResumeAt, EndsOnForksInACircle) {
    const std::vector<HistoryFork> circle = {{{"1"}, {"2"}, 5}, {{"2"}, {"1"}, 9}};
    EXPECT_EQ(resume_at({segment("2", 0, 4)}, circle, "7", {"1"}), (Position{{"2"}, 4}));
}

} // namespace
} // namespace lockstep::snapshots
