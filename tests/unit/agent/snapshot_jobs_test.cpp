#include <fstream>

#include "agent/log_keeper.h"
#include "agent/snapshot_jobs.h"
#include "snapshots/folder_repository.h"
#include "tests/support/fake_snapshot_engine.h"
#include "tests/support/run_coroutine.h"
#include "tests/unit/agent/agent_bench.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using State = SnapshotJob::State;

class SnapshotWorks : public AgentTest {
protected:
    void SetUp() override {
        fs::create_directories(root_);
        place_.repository = std::make_shared<PairRepository>(
            context_.get_executor(), snapshots::make_folder_repository(root_, "shop"));
        place_.catalogue = std::make_shared<snapshots::Catalogue>();
        place_.self = "b";
        place_.epoch = Epoch{3};
        ASSERT_TRUE(run_to_end(context_, place_.repository->claim("b", Epoch{3})));
    }
    template <class Condition> [[nodiscard]] bool until(Condition condition) {
        const auto give_up = Deadline::in(Milliseconds{20000});
        context_.restart();
        while (!condition() && !give_up.passed()) {
            context_.run_one_for(Milliseconds{20});
        }
        return condition();
    }
    static SnapshotOrder order(SnapshotWork work, const std::string& id) {
        SnapshotOrder one;
        one.work = work;
        one.id = id;
        one.pair = "shop";
        one.tags = {{"why", "test"}};
        one.asked_by = "grace";
        return one;
    }
    [[nodiscard]] SnapshotJob job() const {
        const auto all = jobs_.list();
        return all.empty() ? SnapshotJob{} : all.front();
    }
    bool works_on(const std::vector<SnapshotOrder>& orders) {
        jobs_.work_on(orders, place_);
        return until([&] { return !jobs_.busy(); });
    }
    snapshots::Catalogue read() {
        auto reading = run_to_end(context_, place_.repository->read());
        EXPECT_TRUE(reading.has_value());
        EXPECT_TRUE(reading->damaged.empty());
        return reading->catalogue;
    }

    asio::io_context context_{1};
    fs::path root_ = folder_.path() / "repository";
    Journal journal_{"b"};
    FakeSnapshotEngine engine_;
    FakeSnapshotEngine& sandbox_ = *new FakeSnapshotEngine; // Proving's.
    Restoring restoring_{
        context_.get_executor(),
        [this](const PairName& pair) { return snapshots::make_folder_repository(root_, pair); },
        journal_};
    Proving proving_{context_.get_executor(),
                     {folder_.path() / "sandbox",
                      std::unique_ptr<SnapshotEngine>(&sandbox_),
                      {"shop", "/etc/questions.sql"}},
                     restoring_};
    SnapshotJobs jobs_{context_.get_executor(), engine_, proving_, journal_, [] {}};
    SnapshotJobs::Place place_;
};

TEST_F(SnapshotWorks, TakeOneOnceHoweverOftenItIsAskedFor) {
    const auto take = order(SnapshotWork::take, "shop-1");
    ASSERT_TRUE(works_on({take}));
    EXPECT_EQ(job().state, State::done);
    ASSERT_TRUE(works_on({take})); // It is told until the controller has heard.
    ASSERT_TRUE(works_on({}));
    EXPECT_TRUE(jobs_.list().empty()) << "nobody asks any more";
    ASSERT_TRUE(works_on({take})); // A controller that forgot that it was done.
    EXPECT_EQ(engine_.takes, 1);
    const auto catalogue = read();
    EXPECT_EQ(catalogue, *place_.catalogue);
    ASSERT_EQ(catalogue.snapshots.size(), 1U);
    const auto& snapshot = catalogue.snapshots[0];
    EXPECT_EQ(snapshot.taken_from, "b");
    EXPECT_EQ(snapshot.epoch, Epoch{3});
    EXPECT_EQ(snapshot.tags.at("why"), "test");
    EXPECT_EQ(snapshot.bytes, 9U);
}

TEST_F(SnapshotWorks, LeaveNothingOfOneThatFailed) {
    engine_.trouble = Error{Errc::refused, "the server was promoted"};
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    EXPECT_EQ(job().state, State::failed);
    EXPECT_EQ(job().trouble, "the server was promoted");
    EXPECT_TRUE(read().snapshots.empty());
    engine_.trouble.reset();
    ASSERT_TRUE(works_on({}));
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    EXPECT_EQ(read().snapshots.size(), 1U) << "asked for again it is taken";
}

TEST_F(SnapshotWorks, RDS_K1_BeginAnewWhatWasStopped) {
    engine_.hangs = true;
    jobs_.work_on({order(SnapshotWork::take, "shop-1")}, place_);
    ASSERT_TRUE(until([&] { return engine_.takes == 1; }));
    EXPECT_EQ(job().state, State::running);
    EXPECT_EQ(job().total_bytes, 2U);
    jobs_.stop(); // Another member is the archiver now, or again this one.
    EXPECT_FALSE(jobs_.busy());
    EXPECT_TRUE(jobs_.list().empty());
    engine_.hangs = false;
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    EXPECT_EQ(job().state, State::done);
    EXPECT_EQ(read().snapshots.size(), 1U);
    std::ifstream base(root_ / "shop" / "snapshots" / "shop-1" / "base");
    std::string text;
    std::getline(base, text);
    EXPECT_EQ(text, "content 2");
}

TEST_F(SnapshotWorks, KeepWhatACheckFound) {
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    ASSERT_TRUE(works_on({order(SnapshotWork::check, "shop-1")}));
    EXPECT_EQ(read().snapshots[0].proof, SnapshotProof::checksummed);
    ASSERT_TRUE(works_on({}));
    engine_.damage = "base: block 7 differs";
    ASSERT_TRUE(works_on({order(SnapshotWork::check, "shop-1")}));
    EXPECT_EQ(job().state, State::failed);
    EXPECT_EQ(read().snapshots[0].damage, "base: block 7 differs");
    EXPECT_EQ(place_.catalogue->snapshots[0].damage, "base: block 7 differs");
}

TEST_F(SnapshotWorks, RDS_V1_FindAFlippedBitBeforeTheEngineLooks) {
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    std::ofstream(root_ / "shop" / "snapshots" / "shop-1" / "base") << "content!1";
    ASSERT_TRUE(works_on({order(SnapshotWork::check, "shop-1")}));
    EXPECT_EQ(job().state, State::failed);
    EXPECT_NE(job().trouble.find("snapshots/shop-1/base"), std::string::npos) << job().trouble;
    EXPECT_FALSE(read().snapshots[0].damage.empty());
}

TEST_F(SnapshotWorks, RemoveOne) {
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    ASSERT_TRUE(works_on({order(SnapshotWork::remove, "shop-1")}));
    EXPECT_TRUE(read().snapshots.empty());
    EXPECT_TRUE(place_.catalogue->snapshots.empty());
    EXPECT_FALSE(fs::exists(root_ / "shop" / "snapshots" / "shop-1"));
}

TEST_F(SnapshotWorks, AreProvenByARestoreAndByWhatIsAskedThere) {
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    ASSERT_TRUE(run_to_end(context_, place_.repository->note_forks({{{"1"}, {}, 0}})));
    ASSERT_TRUE(works_on({order(SnapshotWork::verify, "shop-1")}));
    EXPECT_EQ(job().state, State::done) << job().trouble;
    const auto snapshot = read().snapshots.at(0);
    EXPECT_EQ(snapshot.proof, SnapshotProof::queried);
    EXPECT_GT(snapshot.proved_unix_ms, 0);
    EXPECT_EQ(sandbox_.asked.database, "shop");
    EXPECT_EQ(sandbox_.restored_from.snapshot.filename(), "shop-1");
    EXPECT_TRUE(engine_.restored_from.snapshot.empty()) << "the database's own folder is its own";
}

TEST_F(SnapshotWorks, ThatCannotBeProvenAreAnAlarmUntilOneIs) {
    ASSERT_TRUE(works_on({order(SnapshotWork::take, "shop-1")}));
    ASSERT_TRUE(run_to_end(context_, place_.repository->note_forks({{{"1"}, {}, 0}})));
    sandbox_.finding = "the table orders is damaged";
    ASSERT_TRUE(works_on({order(SnapshotWork::verify, "shop-1")}));
    EXPECT_EQ(job().state, State::failed);
    EXPECT_EQ(read().snapshots.at(0).proof, SnapshotProof::taken);
    ASSERT_EQ(journal_.alarms().size(), 1U);
    EXPECT_NE(journal_.alarms()[0].find("orders"), std::string::npos);
    sandbox_.finding.clear();
    ASSERT_TRUE(works_on({}));
    ASSERT_TRUE(works_on({order(SnapshotWork::verify, "shop-1")}));
    EXPECT_TRUE(journal_.alarms().empty());
    ASSERT_TRUE(works_on({order(SnapshotWork::verify, "shop-2")}));
    EXPECT_NE(job().trouble.find("shop-2"), std::string::npos);
}

class Logs : public SnapshotWorks {
protected:
    void receive(const std::string& name, std::uint64_t from, std::uint64_t to) {
        LogSegment segment;
        segment.name = name;
        segment.system_id = "7";
        segment.history = {"1"};
        segment.from = from;
        segment.to = to;
        engine_.received.push_back(segment);
        std::ofstream(place_.repository->incoming("b") / name) << "log " << name;
    }
    LogKeeper keeper_{context_.get_executor(), engine_};
};

TEST_F(Logs, AreKeptAndTheirFilesGo) {
    keeper_.begin(place_.repository, "b", {{"1"}, 5});
    ASSERT_TRUE(until([&] { return engine_.received_after.size() == 1; }));
    EXPECT_EQ(engine_.received_after[0], (Position{{"1"}, 5}));
    receive("000A", 5, 10);
    receive("000B", 10, 15);
    ASSERT_TRUE(
        run_to_end(context_, keeper_.keep(*place_.repository, Epoch{3}, *place_.catalogue)));
    EXPECT_EQ(place_.catalogue->log.size(), 2U);
    EXPECT_EQ(read(), *place_.catalogue);
    EXPECT_EQ(place_.catalogue->log[0].epoch, Epoch{3});
    EXPECT_FALSE(fs::exists(place_.repository->incoming("b") / "000A"));
    EXPECT_TRUE(keeper_.receives());
    keeper_.stop();
    EXPECT_FALSE(keeper_.receives());
}

TEST_F(Logs, RDS_V4_AreNotKeptTwiceWithDifferentContent) {
    keeper_.begin(place_.repository, "b", {});
    ASSERT_TRUE(until([&] { return engine_.received_after.size() == 1; }));
    receive("000A", 5, 10);
    auto keep = [&] {
        return run_to_end(context_, keeper_.keep(*place_.repository, Epoch{3}, *place_.catalogue));
    };
    ASSERT_TRUE(keep());
    std::ofstream(place_.repository->incoming("b") / "000A") << "log 000A";
    EXPECT_TRUE(keep()) << "the same once more";
    std::ofstream(place_.repository->incoming("b") / "000A") << "another history's";
    const auto refused = keep();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_NE(refused.error().message.find("000A"), std::string::npos);
    EXPECT_EQ(read().log.size(), 1U);
    keeper_.stop();
}

TEST_F(Logs, SayWhyReceivingEnded) {
    engine_.refuses_to_receive = true;
    keeper_.begin(place_.repository, "b", {{"1"}, 5});
    ASSERT_TRUE(until([&] { return !keeper_.receives(); }));
    ASSERT_TRUE(keeper_.trouble());
    EXPECT_EQ(keeper_.trouble()->message, "log is missing");
}

} // namespace
} // namespace lockstep
