#include "drivers/postgres/control_data.h"

#include <gtest/gtest.h>

namespace lockstep::postgres {
namespace {

constexpr auto standby_output = R"(pg_control version number:            1300
Database system identifier:           7711122237390568708
Database cluster state:               in archive recovery
Latest checkpoint location:           0/5000098
Latest checkpoint's REDO location:    0/5000060
Latest checkpoint's REDO WAL file:    000000020000000000000005
Latest checkpoint's TimeLineID:       2
Latest checkpoint's PrevTimeLineID:   2
Minimum recovery ending location:     0/6000000
Min recovery ending loc's timeline:   3
WAL block size:                       8192
Bytes per WAL segment:                16777216
)";

TEST(ControlData, IsReadFromPgControldata) {
    const auto data = parse_control_data(standby_output);
    ASSERT_TRUE(data) << data.error().message;
    EXPECT_EQ(data->system_id, "7711122237390568708");
    EXPECT_EQ(data->checkpoint_timeline, 2U);
    EXPECT_EQ(data->redo, 0x5000060U);
    EXPECT_EQ(data->recovery_end, 0x6000000U);
    EXPECT_EQ(data->recovery_end_timeline, 3U);
    EXPECT_EQ(data->segment_bytes, 16777216U);
    EXPECT_EQ(data->page_bytes, 8192U);
    EXPECT_TRUE(data->recovers());
    EXPECT_FALSE(data->clean());
}

TEST(ControlData, NamesWhatIsMissing) {
    std::string output = standby_output;
    output.replace(output.find("REDO location"), 4, "redo");
    const auto data = parse_control_data(output);
    ASSERT_FALSE(data);
    EXPECT_EQ(data.error().code, Errc::corrupt);
    EXPECT_NE(data.error().message.find("Latest checkpoint's REDO location"), std::string::npos);
    EXPECT_FALSE(parse_control_data(""));
}

TEST(ControlData, TellsCleanFromCrashed) {
    ControlData data;
    for (const auto& [state, clean, recovers] :
         {std::tuple{"shut down", true, false}, std::tuple{"shut down in recovery", true, true},
          std::tuple{"in production", false, false}, std::tuple{"in crash recovery", false, false},
          std::tuple{"in archive recovery", false, true}}) {
        data.state = state;
        EXPECT_EQ(data.clean(), clean) << state;
        EXPECT_EQ(data.recovers(), recovers) << state;
    }
}

} // namespace
} // namespace lockstep::postgres
