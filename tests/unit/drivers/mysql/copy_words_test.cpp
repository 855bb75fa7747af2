#include "drivers/mysql/copy_words.h"

#include <gtest/gtest.h>

namespace lockstep::mysql {
namespace {

TEST(CopyWords, AFrameComesBackAsItWasMade) {
    for (const auto word : {CopyWord::offer, CopyWord::none, CopyWord::accept, CopyWord::data,
                            CopyWord::alive, CopyWord::end, CopyWord::broken}) {
        const auto frame = copy_frame(word, std::string_view("a\0b", 3));
        const auto parsed = parse_copy_frame(frame);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->word, word);
        EXPECT_EQ(parsed->bytes, std::string_view("a\0b", 3));
    }
    EXPECT_FALSE(parse_copy_frame(""));
    EXPECT_FALSE(parse_copy_frame("Zeug"));
}

TEST(CopyWords, AnOfferComesBackAsItWasMade) {
    const CopyOffer offer{12345678901234, "10.11.19-MariaDB-0+deb12u1-log"};
    EXPECT_EQ(parse_copy_offer(print(offer)).value(), offer);
    for (const auto* bad :
         {"", "12", "12 ", " 10.11", "x 10.11", "-1 10.11", "99999999999999999999 1"}) {
        EXPECT_FALSE(parse_copy_offer(bad)) << bad;
    }
}

TEST(CopyWords, TellsWhenCommitsAreHeldUp) {
    EXPECT_EQ(commit_block_in("[00] 2026-11-26 07:43:43 Starting BACKUP STAGE BLOCK_COMMIT"),
              CommitBlock::begins);
    EXPECT_EQ(commit_block_in("[00] 2026-11-26 07:43:44 All tables unlocked"), CommitBlock::ends);
    EXPECT_EQ(commit_block_in("[00] 2026-11-26 07:43:43 Starting BACKUP STAGE FLUSH"),
              std::nullopt);
}

TEST(CopyWords, VersionsAreOfASeries) {
    EXPECT_EQ(series_of("10.11.19-MariaDB-0+deb12u1"), "10.11");
    EXPECT_EQ(series_of(backup_version_in("mariadb-backup based on MariaDB server "
                                          "11.4.2-MariaDB debian-linux-gnu (x86_64)\n")),
              "11.4");
    EXPECT_EQ(backup_version_in("what?"), "");
}

TEST(CopyWords, ACopyNeedsMoreRoomThanItsBytes) {
    constexpr std::uint64_t gib = std::uint64_t{1} << 30U;
    EXPECT_TRUE(check_room(gib, 2 * gib));
    const auto refused = check_room(gib, gib);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "a copy needs 1140 MiB, and 1024 MiB are free: make room");
}

TEST(CopyWords, FilesAreCopiedWhereverTheyCanBe) {
    EXPECT_EQ(choose_copy({}).by, CopyBy::files);
    EXPECT_EQ(choose_copy({{}, {}, true, {}}).by, CopyBy::files);
    const auto here = choose_copy({"mariadb-backup", {}, false, {}});
    EXPECT_EQ(here.by, CopyBy::dump);
    EXPECT_EQ(here.why, "mariadb-backup is not installed here");
    EXPECT_EQ(choose_copy({{}, "innodb_undo_directory", false, {}}).why,
              "innodb_undo_directory puts files outside the data folder");
    const auto there = choose_copy({{}, {}, true, "on a: it is not installed"});
    EXPECT_EQ(there.by, CopyBy::dump);
    EXPECT_EQ(there.why, "on a: it is not installed");
}

TEST(CopyWords, FindsFilesThatLieElsewhere) {
    EXPECT_EQ(setting_elsewhere({{"max_connections", "10"}}), "");
    EXPECT_EQ(setting_elsewhere({{"innodb-undo-directory", "undo"}}), "innodb-undo-directory");
    EXPECT_EQ(setting_elsewhere({{"innodb_data_file_path", "ibdata1:12M:autoextend"}}), "");
    EXPECT_EQ(setting_elsewhere({{"innodb_data_file_path", "/big/ibdata1:1G"}}),
              "innodb_data_file_path");
}

} // namespace
} // namespace lockstep::mysql
