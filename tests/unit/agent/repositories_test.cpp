#include "agent/repositories.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

class Repositories : public ::testing::Test {
protected:
    Repositories() {
        config_.state_dir = folder_.path();
        config_.database.data_dir = folder_ / "data";
        fs::create_directories(config_.database.data_dir);
    }
    [[nodiscard]] bool finds(Finding::Weight weight, const std::string& what) const {
        const auto found = repository_findings(config_);
        return std::ranges::any_of(found, [&](const Finding& one) {
            return one.weight == weight && one.what.find(what) != std::string::npos &&
                   !one.place.empty();
        });
    }

    TemporaryFolder folder_;
    AgentConfig config_;
};

TEST_F(Repositories, NoneIsNoMistake) {
    EXPECT_TRUE(repository_findings(config_).empty());
    EXPECT_FALSE(make_repositories(config_));
}

TEST_F(Repositories, AFolderMustBeThereAndShouldNotDieWithTheData) {
    config_.repository.folder = folder_ / "backup";
    EXPECT_TRUE(finds(Finding::Weight::refused, "no such folder"));
    fs::create_directories(config_.repository.folder);
    EXPECT_FALSE(finds(Finding::Weight::refused, ""));
    EXPECT_TRUE(finds(Finding::Weight::reported, "file system of the data"));
    const auto made = make_repositories(config_)("shop");
    EXPECT_EQ(made->name(), config_.repository.folder);
    ASSERT_TRUE(made->claim("a", Epoch{1}).has_value());
    EXPECT_TRUE(fs::exists(config_.state_dir / "repositories-seen"));
}

TEST_F(Repositories, ARemotesFileMustBePrivateAndItsStoreAnswer) {
    config_.repository.remote = "here:" + (folder_ / "bucket").string();
    config_.repository.rclone_config = folder_ / "rclone.conf";
    config_.repository.scratch_dir = folder_ / "scratch";
    EXPECT_TRUE(finds(Finding::Weight::refused, "is not there"));
    std::ofstream(config_.repository.rclone_config) << "[here]\ntype = local\n";
    fs::permissions(config_.repository.rclone_config, fs::perms(0644));
    EXPECT_TRUE(finds(Finding::Weight::refused, "chmod 600"));
    fs::permissions(config_.repository.rclone_config, fs::perms(0600));
    EXPECT_TRUE(finds(Finding::Weight::refused, "is there such a bucket"));
    fs::create_directories(folder_ / "bucket");
    EXPECT_TRUE(repository_findings(config_).empty());
    EXPECT_EQ(make_repositories(config_)("shop")->name(), "rclone:" + config_.repository.remote);
}

} // namespace
} // namespace lockstep
