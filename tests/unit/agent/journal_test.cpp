#include "agent/journal.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(AgentJournal, HandsOutReportsInOrderOnce) {
    Journal journal("a");
    journal.write("one", Severity::info, "1");
    journal.write("two", Severity::warning, "2");
    const auto reports = journal.take_reports();
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_EQ(reports[0].kind, "one");
    EXPECT_EQ(reports[1].severity, "warning");
    EXPECT_TRUE(journal.take_reports().empty());
}

TEST(AgentJournal, SaysHowManyReportsItDropped) {
    Journal journal("a");
    for (std::size_t i = 0; i < Journal::most_reports + 5; ++i) {
        journal.write("many", Severity::info, std::to_string(i));
    }
    const auto reports = journal.take_reports();
    ASSERT_EQ(reports.size(), Journal::most_reports + 1);
    EXPECT_EQ(reports.front().message.substr(0, 2), "5 ");
    EXPECT_EQ(reports[1].message, "5");
}

TEST(AgentJournal, KeepsWhatCouldNotBeSent) {
    Journal journal("a");
    journal.write("one", Severity::info, "1");
    auto reports = journal.take_reports();
    journal.write("two", Severity::info, "2");
    journal.give_back(std::move(reports));
    EXPECT_EQ(journal.take_reports().front().kind, "one");
}

TEST(AgentJournal, TellsAnAlarmOnceAndItsEnd) {
    Journal journal("a");
    journal.raise("disk", "full");
    journal.raise("disk", "full");
    EXPECT_EQ(journal.alarms(), std::vector<std::string>{"full"});
    EXPECT_EQ(journal.take_reports().size(), 1U);
    journal.clear("disk");
    journal.clear("disk");
    EXPECT_TRUE(journal.alarms().empty());
    EXPECT_EQ(journal.take_reports().size(), 1U);
}

TEST(AgentJournal, DoesNotRepeatAnAlarmForEachNewFigure) {
    Journal journal("a");
    journal.raise("disk", "1 MiB free");
    journal.raise("disk", "2 MiB free");
    EXPECT_EQ(journal.alarms(), std::vector<std::string>{"2 MiB free"});
    EXPECT_EQ(journal.take_reports().size(), 1U);
}

} // namespace
} // namespace lockstep
