#include "platform/clock.h"

#include <set>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(Clock, FormatsTimeInUtcWithMilliseconds) {
    EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_time(1795383200123), "2026-11-22T21:33:20.123Z");
    EXPECT_EQ(format_time(1795383200007), "2026-11-22T21:33:20.007Z");
}

TEST(Clock, FormatsTimesBefore1970) {
    EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(format_time(-1000), "1969-12-31T23:59:59.000Z");
}

TEST(Clock, BootTimeNeverGoesBack) {
    auto before = boot_time();
    for (int i = 0; i < 1000; ++i) {
        const auto now = boot_time();
        ASSERT_GE(now, before);
        before = now;
    }
    EXPECT_GT(before.count(), 0);
}

TEST(Clock, IdsOfBootAndMachineStayTheSame) {
    EXPECT_EQ(boot_id().size(), 36U);
    EXPECT_EQ(boot_id(), boot_id());
    EXPECT_FALSE(machine_id().empty());
    EXPECT_EQ(machine_id(), machine_id());
}

TEST(Clock, RandomHexHasTwoDigitsAByteAndDoesNotRepeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const auto text = random_hex(16);
        EXPECT_EQ(text.size(), 32U);
        EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
        EXPECT_TRUE(seen.insert(text).second);
    }
    EXPECT_EQ(random_hex(0), "");
}

} // namespace
} // namespace lockstep
