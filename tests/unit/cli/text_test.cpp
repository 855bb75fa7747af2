#include <gtest/gtest.h>

#include <sstream>

#include "cli/humanise.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Humanise, ShowsBytesWithThreeDigitsAtMost) {
    EXPECT_EQ(show_bytes(0), "0 B");
    EXPECT_EQ(show_bytes(1023), "1023 B");
    EXPECT_EQ(show_bytes(1024), "1.0 KiB");
    EXPECT_EQ(show_bytes(1536), "1.5 KiB");
    EXPECT_EQ(show_bytes(10 * 1024), "10 KiB");
    EXPECT_EQ(show_bytes(1024 * 1024 - 1), "1.0 MiB");
    EXPECT_EQ(show_bytes(3ULL << 40U), "3.0 TiB");
    EXPECT_EQ(show_bytes(UINT64_MAX), "16384 PiB");
}

TEST(Humanise, ShowsSpansInTwoUnits) {
    EXPECT_EQ(show_span(milliseconds{0}), "0.0 s");
    EXPECT_EQ(show_span(milliseconds{412}), "0.4 s");
    EXPECT_EQ(show_span(milliseconds{9949}), "9.9 s");
    EXPECT_EQ(show_span(milliseconds{9960}), "10 s");
    EXPECT_EQ(show_span(milliseconds{59600}), "1 min");
    EXPECT_EQ(show_span(seconds{200}), "3 min 20 s");
    EXPECT_EQ(show_span(seconds{7500}), "2 h 5 min");
    EXPECT_EQ(show_span(seconds{3 * 86400 + 4 * 3600 + 59}), "3 d 4 h");
}

TEST(Humanise, ShowsListsAsASentenceDoes) {
    EXPECT_EQ(show_list({}), "");
    EXPECT_EQ(show_list({"a"}), "a");
    EXPECT_EQ(show_list({"a", "b"}), "a and b");
    EXPECT_EQ(show_list({"a", "b", "c"}), "a, b and c");
}

TEST(Wrap, BreaksBetweenWordsAndInsideLongOnes) {
    EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrap("abcdefgh ij", 3), (std::vector<std::string>{"abc", "def", "gh", "ij"}));
    EXPECT_EQ(wrap("", 5), std::vector<std::string>{""});
    EXPECT_EQ(wrap("a", 0), std::vector<std::string>{"a"});
}

TEST(Wrap, NeverBreaksACharacter) {
    EXPECT_EQ(wrap("äöüß", 2), (std::vector<std::string>{"äö", "üß"}));
    EXPECT_EQ(shown_width("äöüß"), 4U);
}

TEST(Wrap, KeepsEveryWordAtEveryWidth) {
    const std::string text = "every commit waits for the standby, whatever the width";
    for (std::size_t width = 1; width < 60; ++width) {
        std::string joined;
        for (const auto& line : wrap(text, width)) {
            EXPECT_LE(line.size(), width);
            joined += line;
        }
        std::string letters;
        std::string wanted;
        for (const char c : joined) {
            letters += c == ' ' ? "" : std::string(1, c);
        }
        for (const char c : text) {
            wanted += c == ' ' ? "" : std::string(1, c);
        }
        EXPECT_EQ(letters, wanted) << width;
    }
}

TEST(Harmless, MakesSpacesOfControlCharacters) {
    EXPECT_EQ(harmless("a\033[2Jb\n\x7F\tc"), "a [2Jb   c");
    EXPECT_EQ(harmless("a\xC2\x9Bm"), "a  m");
    EXPECT_EQ(harmless("für »uns«"), "für »uns«");
}

TEST(Table, WrapsTheFlexibleColumnThatIsWidest) {
    std::ostringstream out;
    const Screen screen{out, false, false, false, 30};
    Table table({{"KEY"}, {"VALUE", Table::Fit::flexible}});
    table.add({{"k"}, {"some words that need more than a line"}});
    table.print(screen);
    EXPECT_EQ(out.str(), "KEY  VALUE\n"
                         "k    some words that need more\n"
                         "     than a line\n");
}

TEST(Table, LeavesNoSpacesAtTheEndOfALine) {
    std::ostringstream out;
    Table table({{"A"}, {"B", Table::Fit::whole, 20}});
    table.add({{"long text"}, {""}});
    table.print(Screen{out, false, false, false, 80});
    EXPECT_EQ(out.str(), "A          B\nlong text\n");
}

TEST(RateMeter, MeasuresTheLastSeconds) {
    RateMeter meter;
    EXPECT_EQ(meter.bytes_per_second(), 0);
    for (int second = 0; second <= 60; ++second) {
        const auto fast = second > 30 ? std::uint64_t{2000} : std::uint64_t{0};
        meter.add(seconds{second}, static_cast<std::uint64_t>(second) * (1000 + fast));
    }
    EXPECT_NEAR(meter.bytes_per_second(), 3000, 1);
}

TEST(RateMeter, StartsAnewWithAnotherWork) {
    RateMeter meter;
    meter.add(seconds{1}, 1000);
    meter.add(seconds{2}, 10);
    EXPECT_EQ(meter.bytes_per_second(), 0);
    meter.add(seconds{3}, 110);
    EXPECT_EQ(meter.bytes_per_second(), 100);
}

TEST(ShowRate, TellsTimeLeftWhereTheWholeIsKnown) {
    EXPECT_EQ(show_rate(0, 1000), "");
    EXPECT_EQ(show_rate(2048, 0), "2.0 KiB/s");
    EXPECT_EQ(show_rate(2048, 4096), "2.0 KiB/s, 2.0 s left");
}

} // namespace
} // namespace lockstep::cli
