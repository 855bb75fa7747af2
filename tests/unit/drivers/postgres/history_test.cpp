#include "drivers/postgres/history.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace lockstep::postgres {
namespace {

Descent descent(const char* text) {
    return parse_history(History{text}).value();
}

TEST(HistoryFile, IsReadAsPostgresqlWritesIt) {
    const auto read = parse_history_file(3, "1\t0/5000060\tno recovery target specified\n\n"
                                            "2\t0/7000000\tno recovery target specified\n");
    ASSERT_TRUE(read);
    EXPECT_EQ(to_history(*read).text, "1@0/5000060 2@0/7000000 3");
    EXPECT_EQ(parse_history(to_history(*read)), *read);
}

TEST(HistoryFile, MayHoldCommentsAndNothingElse) {
    EXPECT_EQ(to_history(parse_history_file(2, "# by hand\n1\t0/1\tx").value()).text, "1@0/1 2");
    for (const auto* const text : {"1\n", "one\t0/1\n", "0\t0/1\n", "2\t0/1\n", "1\t0/9\n1\t0/9\n",
                                   "2\t0/1\n1\t0/2\n", "1\tnowhere\n"}) {
        EXPECT_FALSE(parse_history_file(2, text)) << text;
    }
}

TEST(HistoryText, IsRefusedWhereItIsNotOne) {
    EXPECT_EQ(descent("1").timeline, 1U);
    for (const auto* const text : {"", "x", "1 2", "1@0/1", "1@ 2", "2@0/1 1", "1@0/9 2@0/1 3"}) {
        EXPECT_FALSE(parse_history(History{text})) << text;
    }
}

TEST(Stretch, SaysFromWhereToWhereATimelineWasWritten) {
    const auto third = descent("1@0/5 2@0/7 3");
    EXPECT_EQ(stretch_of(third, 1)->begin, 0U);
    EXPECT_EQ(stretch_of(third, 1)->end, 5U);
    EXPECT_EQ(stretch_of(third, 2)->begin, 5U);
    EXPECT_EQ(stretch_of(third, 2)->end, 7U);
    EXPECT_EQ(stretch_of(third, 3)->begin, 7U);
    EXPECT_FALSE(stretch_of(third, 3)->end);
    EXPECT_FALSE(stretch_of(third, 4));
}

TEST(Fork, IsWhereTwoHistoriesPart) {
    const auto same = fork_of(descent("1"), descent("1"));
    EXPECT_EQ(same->timeline, 1U);
    EXPECT_FALSE(same->at);
    const auto promoted = fork_of(descent("1"), descent("1@0/5 2"));
    EXPECT_EQ(promoted->timeline, 1U);
    EXPECT_EQ(promoted->at, 5U);
    EXPECT_EQ(fork_of(descent("1@0/5 2"), descent("1"))->at, 5U);
    const auto later = fork_of(descent("1@0/5 2@0/7 3"), descent("1@0/5 2@0/9 3"));
    EXPECT_EQ(later->timeline, 2U);
    EXPECT_EQ(later->at, 7U);
    EXPECT_FALSE(fork_of(descent("1"), descent("2")));
}

TEST(Fork, TellsEqualNumbersOfDifferentHistoriesApart) {
    const auto fork = fork_of(descent("1@0/5 2"), descent("1@0/6 2"));
    EXPECT_EQ(fork->timeline, 1U);
    EXPECT_EQ(fork->at, 5U);
    EXPECT_NE(to_history(descent("1@0/5 2")), to_history(descent("1@0/6 2")));
}

TEST(NewestTimeline, FollowsTheFilesWithoutAGap) {
    std::string pattern = "/tmp/lockstep-history-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(pattern.data());
    for (const Timeline timeline : {2U, 3U, 5U}) {
        std::ofstream(folder / history_file_name(timeline)) << "1\t0/5\tx\n";
    }
    EXPECT_EQ(newest_timeline(folder, 1), 3U);
    EXPECT_EQ(newest_timeline(folder, 4), 5U);
    EXPECT_EQ(newest_timeline(folder, 5), 5U);
    EXPECT_EQ(to_history(read_descent(folder, 1).value()).text, "1");
    EXPECT_EQ(to_history(read_descent(folder, 2).value()).text, "1@0/5 2");
    EXPECT_EQ(read_descent(folder, 4).error().code, Errc::unreachable);
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace lockstep::postgres
