#include "snapshots/folder_repository.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/support/temporary_folder.h"

namespace lockstep::snapshots {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
}

void flip_bit(const fs::path& file, std::size_t byte, unsigned bit) {
    std::string content = content_of(file);
    content.at(byte) =
        static_cast<char>(static_cast<unsigned char>(content.at(byte)) ^ (1U << bit));
    write(file, content);
}

std::string message_of(const Result<void>& result) {
    return result ? "" : result.error().message;
}

/// A repository with two snapshots and three segments of log, one of them unfinished when its
/// history ended.
class RepositoryInAFolder : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(root_);
        here_ = make_folder_repository(root_, "shop");
        ASSERT_EQ(message_of(here_->claim("a", Epoch{3})), "");
        add_snapshot("shop-1");
        add_snapshot("shop-2");
        for (const auto* name : {"0005", "0006", "0006.partial"}) {
            ASSERT_TRUE(keep(*here_, name, std::string(name) + " content", Epoch{3}).has_value());
        }
        ASSERT_EQ(message_of(here_->note_forks({{{"2"}, {"1"}, 7}})), "");
    }

    void add_snapshot(const std::string& id) {
        const auto staged = here_->stage(id);
        ASSERT_TRUE(staged.has_value()) << staged.error().message;
        write(*staged / "base.tar.zst", std::string(100'000, 'x') + id);
        write(*staged / "conf/server.conf", "port = 5432\n");
        write(*staged / "empty", "");
        const auto finished = here_->finish(snapshot(id), {});
        ASSERT_TRUE(finished.has_value()) << finished.error().message;
        EXPECT_EQ(finished->bytes, 100'000 + id.size() + 12);
    }

    static Snapshot snapshot(const std::string& id) {
        Snapshot one;
        one.id = id;
        one.pair = "shop";
        one.system_id = "7";
        one.begin = {{"1"}, 5};
        one.end = {{"1"}, 6};
        return one;
    }

    LogSegment segment(const std::string& name, Epoch epoch) const {
        LogSegment one;
        one.name = name;
        one.system_id = "7";
        one.history = {"1"};
        one.from = 5;
        one.to = 6;
        one.epoch = epoch;
        return one;
    }

    Result<LogSegment> keep(Repository& repository, const std::string& name,
                            const std::string& content, Epoch epoch) {
        const auto file = spool_ / name;
        write(file, content);
        return repository.keep(file, segment(name, epoch));
    }

    Result<void> fetch(const std::string& name) {
        const auto known = catalogue();
        const auto found = std::ranges::find(known.log, name, &LogSegment::name);
        if (found == known.log.end()) {
            return fail(Errc::corrupt, name + " is not in the catalogue");
        }
        const auto to = folder_ / "fetched";
        fs::create_directories(to);
        return here_->fetch_log({*found}, to, {});
    }

    Reading reading() {
        auto read = here_->read();
        EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message);
        return read ? *read : Reading{};
    }
    Catalogue catalogue() { return reading().catalogue; }

    [[nodiscard]] std::string verify(const std::string& id) {
        const auto opened = here_->open_snapshot(id, Repository::Verify::content, {});
        return opened ? "" : opened.error().message;
    }

    [[nodiscard]] fs::path snapshots() const { return root_ / "shop/snapshots"; }
    [[nodiscard]] fs::path log() const { return root_ / "shop/log/7"; }

    TemporaryFolder folder_;
    fs::path root_ = folder_ / "repository";
    fs::path spool_ = folder_ / "spool";
    std::unique_ptr<Repository> here_;
};

bool names(const std::string& message, const std::string& object) {
    return message.find(object) != std::string::npos;
}

TEST_F(RepositoryInAFolder, HoldsWhatWasPutThere) {
    const auto all = catalogue();
    EXPECT_TRUE(check(all).has_value());
    EXPECT_EQ(all.snapshots.size(), 2U);
    EXPECT_EQ(all.log.size(), 3U);
    EXPECT_EQ(all.forks.size(), 1U);
    EXPECT_EQ(verify("shop-1"), "");
    EXPECT_EQ(message_of(fetch("0006.partial")), "");
    EXPECT_EQ(content_of(folder_ / "fetched/0006.partial"), "0006.partial content");
}

TEST_F(RepositoryInAFolder, NotesWhatIsFoundOutLater) {
    Snapshot one = catalogue().snapshots.front();
    one.keep = true;
    one.tags = {{"why", "audit"}};
    one.damage = "a flipped bit";
    one.proof = SnapshotProof::queried;
    ASSERT_EQ(message_of(here_->note(one)), "");
    EXPECT_EQ(catalogue().snapshots.front(), one);
    EXPECT_EQ(verify(one.id), "") << "its files are still described";
}

TEST_F(RepositoryInAFolder, RDS_V1_NamesTheFileInWhichABitFlipped) {
    flip_bit(snapshots() / "shop-1/base.tar.zst", 50'000, 3);
    EXPECT_TRUE(names(verify("shop-1"), "shop-1/base.tar.zst")) << verify("shop-1");
    EXPECT_EQ(verify("shop-2"), "");
    flip_bit(log() / "0005", 2, 0);
    EXPECT_TRUE(names(message_of(fetch("0005")), "log/7/0005"));
    EXPECT_EQ(message_of(fetch("0006")), "");
}

TEST_F(RepositoryInAFolder, RDS_V1_SeesEverySingleBitInADescription) {
    for (const auto& file :
         {snapshots() / "shop-1/snapshot.json", log() / "0005.json", root_ / "shop/forks.json"}) {
        const std::string good = content_of(file);
        for (std::size_t byte = 0; byte < good.size(); ++byte) {
            flip_bit(file, byte, byte % 8);
            const auto seen = reading().damaged;
            ASSERT_EQ(seen.size(), 1U) << file << " byte " << byte;
            ASSERT_TRUE(names(seen.front(), file.filename().string())) << seen.front();
            write(file, good);
        }
    }
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_F(RepositoryInAFolder, RDS_V2_NamesWhatIsMissingOrShort) {
    const auto file = snapshots() / "shop-1/base.tar.zst";
    fs::resize_file(file, 1000);
    EXPECT_TRUE(names(verify("shop-1"), "shop-1/base.tar.zst"));
    fs::resize_file(file, 0);
    EXPECT_TRUE(names(verify("shop-1"), "shop-1/base.tar.zst"));
    fs::remove(file);
    EXPECT_TRUE(names(verify("shop-1"), "shop-1/base.tar.zst"));
    EXPECT_FALSE(here_->open_snapshot("shop-1", Repository::Verify::sizes, {}).has_value());
    fs::remove(snapshots() / "shop-2/snapshot.json");
    const auto left = reading();
    EXPECT_EQ(left.catalogue.snapshots.size(), 1U);
    ASSERT_EQ(left.damaged.size(), 1U);
    EXPECT_TRUE(names(left.damaged.front(), "shop-2"));
}

TEST_F(RepositoryInAFolder, RDS_V3_CountsNoLogThatIsNotThere) {
    const std::vector<std::function<void(const fs::path&)>> ways = {
        [](const fs::path& object) { fs::resize_file(object, 1); },
        [](const fs::path& object) { fs::resize_file(object, 0); },
        [](const fs::path& object) { fs::remove(object); },
    };
    for (const auto& way : ways) {
        way(log() / "0005");
        const auto left = reading();
        EXPECT_EQ(left.catalogue.log.size(), 2U);
        ASSERT_EQ(left.damaged.size(), 1U);
        EXPECT_TRUE(names(left.damaged.front(), "log/7/0005"));
    }
}

TEST_F(RepositoryInAFolder, RDS_V3_TakesLostLogOnceMore) {
    for (const std::string lost : {"missing", "short", "flipped"}) {
        const auto object = log() / "0005";
        if (lost == "missing") {
            fs::remove(object);
        } else if (lost == "short") {
            fs::resize_file(object, 1);
        } else {
            flip_bit(object, 3, 1);
        }
        ASSERT_TRUE(keep(*here_, "0005", "0005 content", Epoch{3}).has_value());
        EXPECT_EQ(content_of(object), "0005 content") << lost << ": its sender lets go of it now";
        EXPECT_TRUE(reading().damaged.empty());
    }
}

TEST_F(RepositoryInAFolder, RDS_V4_RefusesASecondContentUnderAName) {
    EXPECT_TRUE(keep(*here_, "0005", "0005 content", Epoch{3}).has_value()) << "the same is fine";
    const auto second = keep(*here_, "0005", "another text", Epoch{3});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::refused);
    EXPECT_TRUE(names(second.error().message, "log/7/0005"));
    EXPECT_EQ(content_of(log() / "0005"), "0005 content");
    ASSERT_TRUE(here_->stage("shop-1").has_value());
    EXPECT_FALSE(here_->finish(snapshot("shop-1"), {}).has_value());
    EXPECT_EQ(verify("shop-1"), "");
}

TEST_F(RepositoryInAFolder, RDS_V6_IsReadByWhoeverFindsIt) {
    fs::remove(root_ / "shop/claim.json");
    const auto other = make_folder_repository(root_, "shop");
    EXPECT_EQ(other->read()->catalogue, catalogue());
}

TEST_F(RepositoryInAFolder, RDS_V6_HoldsTheForksTwice) {
    const auto forks = catalogue().forks;
    fs::remove(root_ / "shop/forks.json");
    EXPECT_EQ(catalogue().forks, forks);
    EXPECT_EQ(message_of(here_->note_forks({{{"3"}, {"2"}, 9}})), "");
    EXPECT_EQ(catalogue().forks.size(), 2U) << "added to what is known";
    fs::remove(root_ / "shop/forks.copy.json");
    EXPECT_EQ(catalogue().forks.size(), 2U);
    EXPECT_EQ(here_->note_forks({{{"3"}, {"1"}, 9}}).error().code, Errc::refused);
    EXPECT_EQ(catalogue().forks.size(), 2U);
}

TEST_F(RepositoryInAFolder, RDS_K3_HoldsWhenTheClaimItselfIsDamaged) {
    ASSERT_TRUE(keep(*here_, "0007", "more", Epoch{3}).has_value());
    flip_bit(root_ / "shop/claim.json", 40, 2);
    EXPECT_EQ(keep(*here_, "0008", "more", Epoch{3}).error().code, Errc::corrupt);
    const auto older = make_folder_repository(root_, "shop");
    EXPECT_EQ(older->claim("b", Epoch{2}).error().code, Errc::refused);
    EXPECT_EQ(message_of(here_->claim("a", Epoch{3})), "");
    EXPECT_TRUE(keep(*here_, "0008", "more", Epoch{3}).has_value());
}

TEST_F(RepositoryInAFolder, IsMadeInAnEmptyFolderOnly) {
    const auto other = folder_ / "documents";
    write(other / "letter.txt", "Dear …");
    const auto refused = make_folder_repository(other, "shop")->claim("a", Epoch{1});
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(names(refused.error().message, "holds other things"));
    EXPECT_FALSE(fs::exists(other / "shop"));
    const auto disk = folder_ / "disk";
    fs::create_directories(disk / "lost+found");
    EXPECT_EQ(message_of(make_folder_repository(disk, "shop")->claim("a", Epoch{1})), "");
    EXPECT_EQ(message_of(make_folder_repository(disk, "blog")->claim("a", Epoch{1})), "");
}

TEST_F(RepositoryInAFolder, ADescriptionOfAnotherObjectIsNone) {
    fs::copy_file(log() / "0005.json", log() / "0009.json");
    write(log() / "0009", "0005 content");
    const auto read = reading();
    EXPECT_TRUE(check(read.catalogue).has_value());
    EXPECT_EQ(read.catalogue.log.size(), 3U);
    ASSERT_EQ(read.damaged.size(), 1U);
    EXPECT_TRUE(names(read.damaged.front(), "0009.json"));
}

TEST_F(RepositoryInAFolder, RDS_K3_RefusesALowerEpochThanTheHighestThatWrote) {
    const auto newer = make_folder_repository(root_, "shop");
    ASSERT_EQ(message_of(newer->claim("b", Epoch{4})), "");
    EXPECT_EQ(keep(*here_, "0007", "of the old primary", Epoch{3}).error().code, Errc::refused);
    EXPECT_FALSE(here_->stage("shop-3").has_value());
    EXPECT_FALSE(here_->note(snapshot("shop-1")).has_value());
    EXPECT_FALSE(here_->remove_snapshot("shop-1").has_value());
    EXPECT_FALSE(here_->remove_log(catalogue().log).has_value());
    EXPECT_FALSE(here_->note_forks({}).has_value());
    const auto again = here_->claim("a", Epoch{3});
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Errc::refused);
    EXPECT_TRUE(names(again.error().message, "epoch 4")) << again.error().message;
    EXPECT_TRUE(keep(*newer, "0007", "of the new one", Epoch{4}).has_value());
    EXPECT_EQ(catalogue().snapshots.size(), 2U);
}

TEST_F(RepositoryInAFolder, RDS_K3_WhatWasStagedUnderALowerEpochIsNeverFinished) {
    const auto staged = here_->stage("shop-3");
    ASSERT_TRUE(staged.has_value());
    write(*staged / "base.tar.zst", "data");
    const auto newer = make_folder_repository(root_, "shop");
    ASSERT_EQ(message_of(newer->claim("b", Epoch{4})), "");
    EXPECT_FALSE(here_->finish(snapshot("shop-3"), {}).has_value());
    EXPECT_EQ(catalogue().snapshots.size(), 2U);
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_F(RepositoryInAFolder, RDS_C1_RefusesASecondWriterOfTheSameEpoch) {
    const auto second = make_folder_repository(root_, "shop");
    const auto claimed = second->claim("b", Epoch{3});
    ASSERT_FALSE(claimed.has_value());
    EXPECT_EQ(claimed.error().code, Errc::conflict);
    EXPECT_EQ(message_of(here_->claim("a", Epoch{3})), "") << "who has it may ask again";
    EXPECT_TRUE(keep(*here_, "0007", "more", Epoch{3}).has_value());
}

TEST_F(RepositoryInAFolder, RDS_C2_IsTakenOverFromAWriterThatDied) {
    here_.reset();
    here_ = make_folder_repository(root_, "shop");
    EXPECT_EQ(message_of(here_->claim("b", Epoch{3})), "");
    EXPECT_TRUE(keep(*here_, "0007", "more", Epoch{3}).has_value());
}

TEST_F(RepositoryInAFolder, RDS_K1_ShowsNothingHalfMadeAndRemovesItWithTheNextClaim) {
    const auto staged = here_->stage("shop-3");
    ASSERT_TRUE(staged.has_value());
    write(*staged / "base.tar.zst", "half");
    write(log() / "0007", "an object whose description was never written");
    write(log() / "0005.json.new", "a description whose writer was killed");
    EXPECT_EQ(catalogue().snapshots.size(), 2U);
    EXPECT_EQ(catalogue().log.size(), 3U);
    EXPECT_TRUE(reading().damaged.empty());
    here_.reset();
    here_ = make_folder_repository(root_, "shop");
    ASSERT_EQ(message_of(here_->claim("a", Epoch{4})), "");
    EXPECT_FALSE(fs::exists(*staged));
    EXPECT_FALSE(fs::exists(log() / "0007"));
    EXPECT_FALSE(fs::exists(log() / "0005.json.new"));
    EXPECT_EQ(catalogue().log.size(), 3U) << "what is finished stays, whatever its name is";
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_F(RepositoryInAFolder, RDS_K4_KeepsAPieceThatWasNeverFinishedBesideTheWholeOne) {
    ASSERT_TRUE(keep(*here_, "0007.partial", "a part", Epoch{3}).has_value());
    ASSERT_TRUE(keep(*here_, "0007", "all of it", Epoch{3}).has_value());
    EXPECT_EQ(message_of(fetch("0007.partial")), "");
    EXPECT_EQ(content_of(log() / "0007.partial"), "a part");
    EXPECT_EQ(content_of(log() / "0007"), "all of it");
}

TEST_F(RepositoryInAFolder, RemovesTheDescriptionFirst) {
    EXPECT_EQ(message_of(here_->remove_snapshot("shop-1")), "");
    EXPECT_EQ(message_of(here_->remove_snapshot("shop-1")), "") << "none is a success";
    EXPECT_FALSE(fs::exists(snapshots() / "shop-1"));
    auto segments = catalogue().log;
    EXPECT_EQ(message_of(here_->remove_log({segments.front()})), "");
    EXPECT_EQ(message_of(here_->remove_log({segments.front()})), "");
    EXPECT_EQ(catalogue().log.size(), 2U);
    EXPECT_TRUE(reading().damaged.empty());
}

TEST_F(RepositoryInAFolder, RDS_D1_AGivenUpSnapshotGivesItsRoomBack) {
    const auto staged = here_->stage("shop-3");
    ASSERT_TRUE(staged.has_value());
    write(*staged / "base.tar.zst", "half");
    EXPECT_EQ(message_of(here_->remove_snapshot("shop-3")), "");
    EXPECT_FALSE(fs::exists(*staged));
}

/// Files no larger than that can be written while it lives.
class NoRoom {
public:
    NoRoom() {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit small = before_;
        small.rlim_cur = 64 << 10;
        setrlimit(RLIMIT_FSIZE, &small);
    }
    ~NoRoom() { setrlimit(RLIMIT_FSIZE, &before_); }
    NoRoom(const NoRoom&) = delete;
    NoRoom& operator=(const NoRoom&) = delete;

private:
    rlimit before_{};
};

TEST_F(RepositoryInAFolder, RDS_D1_AWriteThatFailsLeavesNothing) {
    const std::string large(300'000, 'y');
    write(spool_ / "0007", large);
    const auto count = [&] {
        return std::distance(fs::directory_iterator(log()), fs::directory_iterator());
    };
    const auto before = count();
    {
        const NoRoom limit;
        const auto kept = here_->keep(spool_ / "0007", segment("0007", Epoch{3}));
        ASSERT_FALSE(kept.has_value());
        EXPECT_EQ(kept.error().code, Errc::refused);
        EXPECT_TRUE(names(kept.error().message, "0007")) << kept.error().message;
    }
    EXPECT_EQ(count(), before);
    EXPECT_EQ(catalogue().log.size(), 3U);
    EXPECT_TRUE(reading().damaged.empty());
    EXPECT_TRUE(keep(*here_, "0007", large, Epoch{3}).has_value());
    EXPECT_EQ(content_of(log() / "0007"), large);
}

TEST_F(RepositoryInAFolder, LetsNoNameOutOfItsFolder) {
    for (const std::string bad : {"", ".", "..", "../x", "a/b", ".hidden", "a\nb"}) {
        EXPECT_FALSE(here_->stage(bad).has_value()) << bad;
        EXPECT_FALSE(here_->remove_snapshot(bad).has_value()) << bad;
        EXPECT_FALSE(here_->open_snapshot(bad, Repository::Verify::sizes, {}).has_value()) << bad;
        write(spool_ / "file", "x");
        EXPECT_FALSE(here_->keep(spool_ / "file", segment(bad, Epoch{3})).has_value()) << bad;
    }
}

TEST_F(RepositoryInAFolder, SaysThatItIsNotThere) {
    fs::rename(root_, folder_ / "elsewhere");
    const auto read = here_->read();
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, Errc::unreachable);
    EXPECT_TRUE(names(read.error().message, root_.string()));
    EXPECT_FALSE(make_folder_repository(root_, "shop")->claim("a", Epoch{9}).has_value());
    EXPECT_FALSE(fs::exists(root_));
}

} // namespace
} // namespace lockstep::snapshots
