#include "drivers/mysql/received.h"

#include <iterator>
#include <vector>

#include <gtest/gtest.h>

#include "drivers/mysql/marker.h"
#include "platform/files.h"
#include "tests/support/temporary_folder.h"

namespace lockstep::mysql {
namespace {

namespace fs = std::filesystem;

class KeepRelayLogs : public testing::Test {
protected:
    /// The server's, which counts from one after each RESET.
    void fill(const std::string& log, const std::string& index) {
        for (const auto* const name : {"relay.000001", "relay.index"}) {
            fs::remove(folder_ / name);
        }
        ASSERT_TRUE(write_file_durably(folder_ / "relay.000001", log));
        ASSERT_TRUE(write_file_durably(folder_ / "relay.index", index));
    }
    [[nodiscard]] std::string kept(const std::string& name) const {
        return read_file(folder_ / ("lockstep_kept_" + name)).value_or("none");
    }
    [[nodiscard]] std::size_t files() const {
        const fs::directory_iterator all(folder_.path());
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    TemporaryFolder folder_;
};

TEST_F(KeepRelayLogs, KeepsThoseOfEachTimeUnderNamesOfTheirOwn) {
    const std::vector<std::string> times{"first", "second", "third"};
    for (const auto& time : times) {
        fill(time, "index of the " + time);
        ASSERT_TRUE(keep_relay_logs(folder_.path()));
    }
    fill("a fourth", "of which nothing is kept");
    EXPECT_EQ(kept("relay.000001"), "first");
    EXPECT_EQ(kept("relay.000001.2"), "second");
    EXPECT_EQ(kept("relay.000001.3"), "third");
    EXPECT_EQ(kept("relay.index"), "index of the first");
    EXPECT_EQ(kept("relay.index.2"), "index of the second");
    EXPECT_EQ(kept("relay.index.3"), "index of the third");
    EXPECT_EQ(files(), 2U + 6U);
}

TEST_F(KeepRelayLogs, KeepsNothingTwice) {
    fill("first", "index");
    ASSERT_TRUE(keep_relay_logs(folder_.path()));
    fill("second", "index");
    ASSERT_TRUE(write_file_durably(folder_ / "binlog.000001", "not its own"));
    for (int again = 0; again < 3; ++again) {
        ASSERT_TRUE(keep_relay_logs(folder_.path()));
    }
    EXPECT_EQ(files(), 3U + 4U);
}

TEST(CannotReadRelayLogs, IsWhatTheEngineSaysOfThemAndNothingElse) {
    for (const auto* const number : {"1201", "1371", "1594", "1872", "13121"}) {
        EXPECT_TRUE(cannot_read_relay_logs(number, "")) << number;
    }
    constexpr auto at_start = "Error initializing relay log position: Could not find target log";
    EXPECT_TRUE(cannot_read_relay_logs("1593", at_start));
    EXPECT_TRUE(cannot_read_relay_logs("13117", at_start));
    EXPECT_FALSE(cannot_read_relay_logs("1593", "Fatal error: out of memory"));
    for (const auto* const number : {"0", "", "1062", "1045", "187"}) {
        EXPECT_FALSE(cannot_read_relay_logs(number, at_start)) << number;
    }
}

TEST(Forgotten, NamesOneAccountOrSeveral) {
    EXPECT_TRUE(is_among("ls_b_7", "ls_b_7"));
    EXPECT_TRUE(is_among("ls_b_7 ls_b_9", "ls_b_7"));
    EXPECT_TRUE(is_among("ls_b_7 ls_b_9", "ls_b_9"));
    for (const auto* const other : {"", "ls_b", "ls_b_", "ls_b_70", "s_b_7", "ls_b_7 ls_b_9"}) {
        EXPECT_FALSE(is_among("ls_b_7 ls_b_9", other)) << other;
        EXPECT_FALSE(is_among("", other)) << other;
    }
}

} // namespace
} // namespace lockstep::mysql
