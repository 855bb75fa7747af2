#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/common/copy.h"
#include "drivers/common/entries.h"
#include "drivers/common/small_files.h"
#include "drivers/postgres/progress.h"
#include "drivers/postgres/ticket.h"
#include "platform/files.h"

namespace lockstep::postgres {
namespace {

namespace fs = std::filesystem;

class PostgresFiles : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = "/tmp/lockstep-files-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] static Deadline soon() { return Deadline::in(std::chrono::seconds{10}); }
    fs::path folder_;
};

TEST_F(PostgresFiles, AreReplacedOnlyWhenTheyDiffer) {
    const auto path = folder_ / "a.conf";
    EXPECT_EQ(replace_file(path, "one", 0600), true);
    EXPECT_EQ(replace_file(path, "one", 0600), false);
    EXPECT_EQ(replace_file(path, "two", 0600), true);
    EXPECT_EQ(read_file(path).value(), "two");
    const auto refused = replace_file(folder_ / "nowhere" / "a.conf", "one", 0600);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("nowhere/a.conf"), std::string::npos);
}

TEST_F(PostgresFiles, AreCopiedWholeAndMayBeAskedForAgain) {
    std::ofstream(folder_ / "log") << std::string(100000, 'x');
    Copying copying{{{folder_ / "log", "pg_wal/log"}}, folder_ / "kept", "what this is"};
    EXPECT_EQ(copy_durably(copying, soon()), 100000U);
    EXPECT_EQ(copy_durably(copying, soon()), 100000U);
    EXPECT_EQ(read_file(folder_ / "kept" / "pg_wal" / "log").value(), std::string(100000, 'x'));
    EXPECT_EQ(read_file(folder_ / "kept" / "README.txt").value(), "what this is");
    EXPECT_FALSE(fs::exists(folder_ / "kept.partial"));
}

TEST_F(PostgresFiles, AreCopiedBlockByBlockEachInItsPlace) {
    std::ofstream(folder_ / "table") << std::string(8192, 'a') << std::string(8192, 'b')
                                     << std::string(8192, 'c') << std::string(100, 'd');
    Copying copying{{{folder_ / "table", "base/table", {1, 3, 9}}}, folder_ / "kept", ""};
    ASSERT_TRUE(copy_durably(copying, soon()));
    EXPECT_EQ(read_file(folder_ / "kept" / "base" / "table").value(),
              std::string(8192, '\0') + std::string(8192, 'b') + std::string(8192, '\0') +
                  std::string(100, 'd'));
}

TEST_F(PostgresFiles, AreNotCopiedOnceThatIsGivenUp) {
    std::ofstream(folder_ / "table") << "content";
    Copying copying{{{folder_ / "table", "table"}}, folder_ / "kept", ""};
    copying.given_up = std::make_shared<std::atomic<bool>>(true);
    const auto copied = copy_durably(copying, soon());
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code, Errc::conflict);
    EXPECT_FALSE(fs::exists(folder_ / "kept"));
}

TEST_F(PostgresFiles, LeaveNothingOfACopyThatFails) {
    std::ofstream(folder_ / "log") << "x";
    Copying late{{{folder_ / "log", "log"}}, folder_ / "kept", ""};
    const auto timed_out = copy_durably(late, Deadline::in(Milliseconds{0}));
    ASSERT_FALSE(timed_out);
    EXPECT_EQ(timed_out.error().code, Errc::timeout);
    // A file with a hole, larger than any disk here.
    std::ofstream(folder_ / "huge").flush();
    fs::resize_file(folder_ / "huge", 1ULL << 43U);
    Copying huge{{{folder_ / "huge", "huge"}}, folder_ / "kept", ""};
    const auto no_room = copy_durably(huge, soon());
    ASSERT_FALSE(no_room);
    EXPECT_EQ(no_room.error().code, Errc::refused);
    EXPECT_NE(no_room.error().message.find("bytes are needed"), std::string::npos)
        << no_room.error().message;
    EXPECT_FALSE(fs::exists(folder_ / "kept"));
    EXPECT_FALSE(fs::exists(folder_ / "kept.partial"));
}

TEST_F(PostgresFiles, AreRemovedWithoutFollowingLinksOut) {
    fs::create_directories(folder_ / "data" / "base");
    fs::create_directories(folder_ / "elsewhere");
    std::ofstream(folder_ / "elsewhere" / "letter") << "mine";
    fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "data" / "link");
    ASSERT_TRUE(prepare_filling(folder_ / "data"));
    ASSERT_TRUE(remove_entries(folder_ / "data", incomplete_marker, soon()));
    EXPECT_EQ(entries_of(folder_ / "data").value().size(), 1U);
    EXPECT_TRUE(fs::exists(folder_ / "elsewhere" / "letter"));
}

TEST(Progress, IsReadFromPgBasebackupsMeter) {
    const auto progress = parse_progress("   1234/5678 kB (21%), 0/1 tablespace");
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->done_bytes, 1234U * 1024);
    EXPECT_EQ(progress->total_bytes, 5678U * 1024);
    for (const auto* const line : {"", "   ", "waiting for checkpoint", "12/", "12/34", "12 kB"}) {
        EXPECT_FALSE(parse_progress(line)) << line;
    }
}

} // namespace
} // namespace lockstep::postgres
