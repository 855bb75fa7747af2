#include "agent/repository_watch.h"

#include <fstream>

#include <gtest/gtest.h>

#include "snapshots/folder_repository.h"
#include "tests/support/run_coroutine.h"
#include "tests/support/temporary_folder.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

/// A repository with three pieces of log, in a folder.
class RepositoryWatches : public testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(root_);
        ASSERT_TRUE(run_to_end(context_, repository_.claim("b", Epoch{3})));
        std::uint64_t from = 100;
        for (const std::string name : {"0001", "0002", "0003"}) {
            keep(name, from);
            from += 100;
        }
        auto read = run_to_end(context_, watch_.read(repository_));
        ASSERT_TRUE(read.has_value());
        catalogue_ = std::move(*read);
        ASSERT_EQ(catalogue_.log.size(), 3U);
    }
    void keep(const std::string& name, std::uint64_t from) {
        const auto spool = repository_.incoming("b");
        fs::create_directories(spool);
        std::ofstream(spool / name) << "content of " << name;
        LogSegment segment;
        segment.name = name;
        segment.system_id = "7";
        segment.history = {"1"};
        segment.from = from;
        segment.to = from + 100;
        segment.epoch = Epoch{3};
        auto file = spool / name;
        const auto kept =
            run_to_end(context_, repository_.keep(std::move(file), std::move(segment)));
        ASSERT_TRUE(kept.has_value()) << kept.error().message;
    }
    /// Every file of that piece of log, its description among them.
    void remove(const std::string& name) {
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator(root_)) {
            if (entry.is_regular_file() && entry.path().filename().string().starts_with(name)) {
                found.push_back(entry.path());
            }
        }
        ASSERT_FALSE(found.empty());
        for (const auto& file : found) {
            fs::remove(file);
        }
    }
    Awaitable<bool> looked(RepositoryWatch& watch) {
        co_await watch.look(repository_, catalogue_);
        co_return true;
    }
    void look(RepositoryWatch& watch) { ASSERT_TRUE(run_to_end(context_, looked(watch))); }
    std::vector<std::string> told() {
        std::vector<std::string> sentences;
        for (const auto& report : journal_.take_reports()) {
            sentences.push_back(report.kind + ": " + report.message);
        }
        return sentences;
    }

    TemporaryFolder folder_;
    asio::io_context context_{1};
    fs::path root_ = folder_.path() / "repository";
    PairRepository repository_{context_.get_executor(),
                               snapshots::make_folder_repository(root_, "shop")};
    Journal journal_{"b"};
    RepositoryWatch watch_{journal_, Milliseconds{0}};
    snapshots::Catalogue catalogue_;
};

TEST_F(RepositoryWatches, SayNothingWhileAllIsThere) {
    const auto before = catalogue_;
    look(watch_);
    EXPECT_EQ(catalogue_, before);
    EXPECT_TRUE(told().empty());
    EXPECT_FALSE(watch_.incomplete());
}

TEST_F(RepositoryWatches, RDS_V3_TellOnceOfLogThatSomebodyRemoved) {
    remove("0002");
    look(watch_);
    EXPECT_EQ(catalogue_.log.size(), 2U);
    const auto sentences = told();
    ASSERT_EQ(sentences.size(), 1U);
    EXPECT_NE(sentences[0].find("1 piece of the log (0002)"), std::string::npos) << sentences[0];
    look(watch_);
    EXPECT_TRUE(told().empty());
}

TEST_F(RepositoryWatches, RDS_V3_TellOfWhatIsCutOffAndCountItAsIncomplete) {
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
        if (entry.is_regular_file() && entry.path().filename().string().starts_with("0002") &&
            entry.path().extension() != ".json") {
            fs::resize_file(entry.path(), 1);
        }
    }
    look(watch_);
    EXPECT_EQ(catalogue_.log.size(), 2U);
    EXPECT_TRUE(watch_.incomplete());
    EXPECT_FALSE(told().empty());
    look(watch_);
    EXPECT_TRUE(told().empty()) << "known already";
}

TEST_F(RepositoryWatches, LookOnlyEverySoOften) {
    RepositoryWatch patient(journal_, Milliseconds{600000});
    ASSERT_TRUE(run_to_end(context_, patient.read(repository_)).has_value());
    remove("0002");
    look(patient);
    EXPECT_EQ(catalogue_.log.size(), 3U);
}

TEST_F(RepositoryWatches, SayThatTheyCouldNotLookAndTakeNothingForLost) {
    fs::rename(root_, folder_.path() / "away");
    look(watch_);
    EXPECT_EQ(catalogue_.log.size(), 3U);
    const auto sentences = told();
    ASSERT_EQ(sentences.size(), 1U);
    EXPECT_EQ(sentences[0].find("repository not read: "), 0U) << sentences[0];
}

} // namespace
} // namespace lockstep
