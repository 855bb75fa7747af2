#include "snapshots/folder_repository.h"

#include <csignal>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "platform/files.h"
#include "tests/contract/repository/repository_bed.h"
#include "tests/contract/repository/repository_place.h"

/// What only a repository in a folder does; all else is in the contract.
namespace lockstep::snapshots {

namespace fs = std::filesystem;

namespace {

class FolderPlace final : public RepositoryPlace {
public:
    FolderPlace() { fs::create_directories(root_); }
    [[nodiscard]] std::unique_ptr<Repository> open(const PairName& pair) override {
        return make_folder_repository(root_, pair);
    }
    [[nodiscard]] fs::path storage() const override { return root_; }
    [[nodiscard]] fs::path snapshot_file(const std::string& id,
                                         const std::string& path) const override {
        return root_ / "shop/snapshots" / id / path;
    }
    [[nodiscard]] fs::path description(const std::string& id) const override {
        return snapshot_file(id, "snapshot.json");
    }
    [[nodiscard]] fs::path segment(const std::string& name) const override {
        return root_ / "shop/log/7" / name;
    }
    [[nodiscard]] fs::path segment_description(const std::string& name) const override {
        return segment(name + ".json");
    }
    [[nodiscard]] fs::path forks(const std::string& which) const override {
        return root_ / "shop" / which;
    }
    [[nodiscard]] fs::path claim() const override { return root_ / "shop/claim.json"; }
    void remove(const fs::path& object) const override { fs::remove(object); }

private:
    TemporaryFolder folder_;
    fs::path root_ = folder_ / "repository";
};

} // namespace

std::vector<RepositoryKind> repository_kinds() {
    RepositoryKind folder;
    folder.name = "folder";
    folder.make = [] { return std::make_unique<FolderPlace>(); };
    folder.has_locks = true;
    return {folder};
}

namespace {

class RepositoryInAFolder : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(root_);
        here_ = make_folder_repository(root_, "shop");
        bed_.fill(*here_);
    }

    Reading reading() { return RepositoryBed::reading(*here_); }
    Catalogue catalogue() { return reading().catalogue; }
    Result<LogSegment> keep(Repository& repository, const std::string& name,
                            const std::string& content, Epoch epoch) {
        return bed_.keep(repository, name, content, epoch);
    }
    [[nodiscard]] fs::path log() const { return root_ / "shop/log/7"; }
    [[nodiscard]] fs::path spool() const { return bed_.folder_ / "spool"; }

    RepositoryBed bed_;
    fs::path root_ = bed_.folder_ / "repository";
    std::unique_ptr<Repository> here_;
};

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
    const auto other = bed_.folder_ / "documents";
    write(other / "letter.txt", "Dear …");
    const auto refused = make_folder_repository(other, "shop")->claim("a", Epoch{1});
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(names(refused.error().message, "holds other things"));
    EXPECT_FALSE(fs::exists(other / "shop"));
    const auto disk = bed_.folder_ / "disk";
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
    write(spool() / "0007", large);
    const auto count = [&] {
        return std::distance(fs::directory_iterator(log()), fs::directory_iterator());
    };
    const auto before = count();
    {
        const NoRoom limit;
        const auto kept = here_->keep(spool() / "0007", RepositoryBed::segment("0007", Epoch{3}));
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

TEST_F(RepositoryInAFolder, SaysThatItIsNotThere) {
    fs::rename(root_, bed_.folder_ / "elsewhere");
    const auto read = here_->read();
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, Errc::unreachable);
    EXPECT_TRUE(names(read.error().message, root_.string()));
    EXPECT_FALSE(make_folder_repository(root_, "shop")->claim("a", Epoch{9}).has_value());
    EXPECT_FALSE(fs::exists(root_));
}

TEST_F(RepositoryInAFolder, IsNotMadeAnewWhereItIsNotMounted) {
    const auto memory = bed_.folder_ / "seen";
    const auto mount = bed_.folder_ / "mount";
    fs::create_directories(mount);
    const auto open = [&] { return make_folder_repository(mount, "shop", memory); };
    ASSERT_EQ(message_of(open()->claim("a", Epoch{1})), "");
    ASSERT_EQ(message_of(open()->claim("a", Epoch{2})), "");
    EXPECT_EQ(content_of(memory), mount.string() + "\n") << "said once";
    fs::rename(mount, bed_.folder_ / "elsewhere");
    fs::create_directories(mount);
    const auto claimed = open()->claim("a", Epoch{3});
    ASSERT_FALSE(claimed.has_value());
    EXPECT_EQ(claimed.error().code, Errc::unreachable);
    EXPECT_TRUE(names(claimed.error().message, "is it mounted?")) << claimed.error().message;
    EXPECT_EQ(open()->read().error().code, Errc::unreachable) << "which is not the same as none";
    EXPECT_TRUE(fs::is_empty(mount));
    fs::remove(memory);
    EXPECT_EQ(message_of(open()->claim("a", Epoch{3})), "") << "who wants it so";
}

TEST_F(RepositoryInAFolder, KeepsNoLocksOfEpochsThatAreOver) {
    const auto lock = [this](int epoch) {
        return root_ / "shop" / ("writer-" + std::to_string(epoch) + ".lock");
    };
    const auto second = make_folder_repository(root_, "shop");
    ASSERT_EQ(message_of(second->claim("b", Epoch{4})), "");
    EXPECT_TRUE(fs::exists(lock(3))) << "its writer lives";
    here_.reset();
    const auto third = make_folder_repository(root_, "shop");
    ASSERT_EQ(message_of(third->claim("a", Epoch{5})), "");
    EXPECT_FALSE(fs::exists(lock(3)));
    EXPECT_TRUE(fs::exists(lock(4)));
    EXPECT_TRUE(fs::exists(lock(5)));
}

} // namespace
} // namespace lockstep::snapshots
