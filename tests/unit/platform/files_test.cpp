#include "platform/files.h"

#include <fstream>
#include <optional>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& file) {
    struct stat about {};
    EXPECT_EQ(stat(file.c_str(), &about), 0);
    return about.st_mode & 07777U;
}

class Files : public testing::Test {
protected:
    TemporaryFolder folder_;
};

TEST_F(Files, WritesAndReadsBack) {
    const auto file = folder_ / "state.json";
    const std::string content("a\0b\n", 4);
    ASSERT_TRUE(write_file_durably(file, content));
    EXPECT_EQ(read_file(file).value(), content);
}

TEST_F(Files, ReplacesAFileAndLeavesNoTemporaryOne) {
    const auto file = folder_ / "state.json";
    ASSERT_TRUE(write_file_durably(file, "old"));
    ASSERT_TRUE(write_file_durably(file, "new"));
    EXPECT_EQ(read_file(file).value(), "new");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(Files, OverwritesWhatACrashLeft) {
    const auto file = folder_ / "state.json";
    fs::create_symlink("/dev/full", file.string() + ".new");
    ASSERT_TRUE(write_file_durably(file, "new"));
    EXPECT_EQ(read_file(file).value(), "new");
    EXPECT_FALSE(fs::is_symlink(file));
}

TEST_F(Files, SetsTheModeWhateverTheUmaskIs) {
    const auto before = umask(0077);
    ASSERT_TRUE(write_file_durably(folder_ / "open", "", 0644));
    umask(0);
    ASSERT_TRUE(write_file_durably(folder_ / "secret", ""));
    umask(before);
    EXPECT_EQ(mode_of(folder_ / "open"), 0644U);
    EXPECT_EQ(mode_of(folder_ / "secret"), 0600U);
}

TEST_F(Files, WritingIntoNoFolderIsRefusedAndNamesThePath) {
    const auto file = folder_ / "missing/state.json";
    const auto written = write_file_durably(file, "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::refused);
    EXPECT_NE(written.error().message.find(file.string()), std::string::npos);
    EXPECT_NE(written.error().message.find("No such file"), std::string::npos);
}

TEST_F(Files, AFailedWriteKeepsTheOldContent) {
    // A folder stands where the temporary file must be made.
    const auto file = folder_ / "state.json";
    ASSERT_TRUE(write_file_durably(file, "old"));
    fs::create_directories(file.string() + ".new/x");
    EXPECT_FALSE(write_file_durably(file, "new"));
    EXPECT_EQ(read_file(file).value(), "old");
}

TEST_F(Files, ReadingTellsMissingFromUnreadable) {
    EXPECT_EQ(read_file(folder_ / "missing").error().code, Errc::unreachable);
    EXPECT_EQ(read_file(folder_.path()).error().code, Errc::refused);
}

TEST_F(Files, ReadingStopsAtTheLimit) {
    const auto file = folder_ / "large";
    std::ofstream(file) << std::string(100, 'x');
    EXPECT_TRUE(read_file(file, 100));
    const auto refused = read_file(file, 99);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_NE(refused.error().message.find("larger than 99 bytes"), std::string::npos);
}

TEST_F(Files, RemovingWhatIsNotThereSucceeds) {
    const auto file = folder_ / "ticket";
    ASSERT_TRUE(write_file_durably(file, "x"));
    EXPECT_TRUE(remove_file_durably(file));
    EXPECT_FALSE(fs::exists(file));
    EXPECT_TRUE(remove_file_durably(file));
    EXPECT_FALSE(remove_file_durably(folder_.path()));
}

TEST_F(Files, ALockExcludesASecondOneUntilItIsGone) {
    const auto file = folder_ / "lock";
    auto first = FileLock::take(file);
    ASSERT_TRUE(first);
    const auto second = FileLock::take(file);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_NE(second.error().message.find(file.string()), std::string::npos);
    {
        const FileLock moved = std::move(*first);
        EXPECT_FALSE(FileLock::take(file));
    }
    EXPECT_TRUE(FileLock::take(file));
}

TEST_F(Files, AFolderCanBeLocked) {
    const auto first = FileLock::take(folder_.path());
    ASSERT_TRUE(first);
    EXPECT_EQ(FileLock::take(folder_.path()).error().code, Errc::conflict);
}

TEST_F(Files, ADeadProcessHoldsNoLock) {
    const auto file = folder_ / "lock";
    const pid_t child = fork();
    if (child == 0) {
        const auto held = FileLock::take(file);
        _exit(held ? 0 : 1); // Without unlocking.
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    EXPECT_TRUE(FileLock::take(file));
}

TEST_F(Files, AMarkIsReadBackAndReplaced) {
    EXPECT_EQ(read_mark(folder_.path(), "lockstep.data").value(), "");
    ASSERT_TRUE(write_mark(folder_.path(), "lockstep.data", "one"));
    ASSERT_TRUE(write_mark(folder_.path(), "lockstep.data", "two"));
    EXPECT_EQ(read_mark(folder_.path(), "lockstep.data").value(), "two");
}

TEST_F(Files, ACopyDoesNotTakeTheMarkAlong) {
    ASSERT_TRUE(write_file_durably(folder_ / "data", "x"));
    ASSERT_TRUE(write_mark(folder_ / "data", "lockstep.data", "one"));
    fs::copy_file(folder_ / "data", folder_ / "copy");
    EXPECT_EQ(read_mark(folder_ / "copy", "lockstep.data").value(), "");
}

TEST_F(Files, MarkingWhatIsNotThereFails) {
    EXPECT_EQ(read_mark(folder_ / "missing", "x").error().code, Errc::unreachable);
    EXPECT_EQ(write_mark(folder_ / "missing", "x", "y").error().code, Errc::refused);
    const auto no_marks_there = write_mark("/proc/version", "x", "y");
    ASSERT_FALSE(no_marks_there);
    EXPECT_EQ(no_marks_there.error().code, Errc::refused);
}

TEST_F(Files, TellsHowMuchSpaceIsFree) {
    EXPECT_GT(free_bytes(folder_.path()).value(), 0U);
    EXPECT_EQ(free_bytes(folder_ / "missing").error().code, Errc::unreachable);
}

} // namespace
} // namespace lockstep
