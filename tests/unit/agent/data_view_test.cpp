#include "agent/data_view.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

class DataFolderView : public testing::Test {
protected:
    void fill() { std::ofstream(data_ / "PG_VERSION") << "15\n"; }

    TemporaryFolder folder_;
    std::filesystem::path data_ = folder_ / "data";
    DataMemory memory_{"mark", "7001", false, Epoch{0}, Epoch{0}, ""};
};

TEST_F(DataFolderView, AnAbsentOrEmptyFolderIsNobodys) {
    EXPECT_EQ(look_at_owner(data_, memory_).whose, Ownership::nobodys);
    std::filesystem::create_directory(data_);
    EXPECT_EQ(look_at_owner(data_, memory_).whose, Ownership::nobodys);
}

TEST_F(DataFolderView, AMarkedFolderIsMine) { // R11
    ASSERT_TRUE(mark_folder(data_, "mark").has_value());
    fill();
    const auto owner = look_at_owner(data_, memory_);
    EXPECT_EQ(owner.whose, Ownership::mine) << owner.because;
    EXPECT_EQ(owner.mark, "mark");
}

TEST_F(DataFolderView, AnUnmarkedFolderIsForeignAndNamed) {
    std::filesystem::create_directory(data_);
    fill();
    const auto owner = look_at_owner(data_, memory_);
    EXPECT_EQ(owner.whose, Ownership::foreign);
    EXPECT_NE(owner.because.find(data_.string()), std::string::npos);
    EXPECT_NE(owner.because.find("nothing was changed"), std::string::npos);
}

TEST_F(DataFolderView, AnothersMarkIsForeign) {
    ASSERT_TRUE(mark_folder(data_, "other").has_value());
    fill();
    EXPECT_EQ(look_at_owner(data_, memory_).whose, Ownership::foreign);
    EXPECT_EQ(look_at_owner(data_, DataMemory{}).whose, Ownership::foreign);
}

TEST_F(DataFolderView, ACopyOfAMarkedFolderIsForeign) {
    ASSERT_TRUE(mark_folder(data_, "mark").has_value());
    fill();
    const auto copy = folder_ / "copy";
    std::filesystem::copy(data_, copy, std::filesystem::copy_options::recursive);
    EXPECT_EQ(look_at_owner(copy, memory_).whose, Ownership::foreign);
}

TEST_F(DataFolderView, WhatCannotBeReadNowIsNotForeign) {
    std::filesystem::create_directory_symlink(data_, data_); // ELOOP, whoever asks.
    const auto owner = look_at_owner(data_, memory_);
    EXPECT_EQ(owner.whose, Ownership::unknown);
    EXPECT_NE(owner.because.find(data_.string()), std::string::npos);
    EXPECT_EQ(data_of(owner, std::nullopt, memory_), Data::unknown);
}

TEST_F(DataFolderView, WhatWasBegunAndNotFinishedIsHalfMade) {
    ASSERT_TRUE(mark_folder(data_, "mark").has_value());
    fill();
    memory_.making = true;
    const auto owner = look_at_owner(data_, memory_);
    EXPECT_EQ(data_of(owner, std::nullopt, memory_), Data::half_made);
}

// The mark changes after what the agent remembers of it: a host may be lost in between.
TEST_F(DataFolderView, WhatShallBeReplacedIsHalfMadeUnderEitherMark) {
    ASSERT_TRUE(mark_folder(data_, "old").has_value());
    fill();
    memory_.data_id = "new";
    memory_.making = true;
    memory_.replaced_id = "old";
    const auto owner = look_at_owner(data_, memory_);
    EXPECT_EQ(owner.mark, "new") << "nothing that was known of the old data holds for it";
    EXPECT_EQ(data_of(owner, std::nullopt, memory_), Data::half_made);
    memory_.making = false;
    EXPECT_EQ(look_at_owner(data_, memory_).whose, Ownership::foreign);
}

TEST_F(DataFolderView, TellsAPrimarysDataFromAStandbys) {
    ASSERT_TRUE(mark_folder(data_, "mark").has_value());
    fill();
    const auto owner = look_at_owner(data_, memory_);
    DataFolder inside;
    inside.kind = DataFolder::Kind::database;
    EXPECT_EQ(data_of(owner, inside, memory_), Data::primary);
    inside.standby = true;
    EXPECT_EQ(data_of(owner, inside, memory_), Data::standby);
    EXPECT_EQ(data_of(owner, std::nullopt, memory_), Data::unknown);
}

} // namespace
} // namespace lockstep
