#include <algorithm>

#include "agent/snapshot_schedule.h"
#include "platform/clock.h"
#include "snapshots/folder_repository.h"
#include "tests/support/run_coroutine.h"
#include "tests/unit/agent/agent_bench.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t day_ms = 86'400'000;

/// The schedule of a pair whose repository is a folder.
class SnapshotSchedules : public AgentTest {
protected:
    void SetUp() override {
        fs::create_directories(root_);
        ASSERT_TRUE(run_to_end(context_, repository_.claim("b", Epoch{3})));
    }
    /// Takes an automated one that began so many days ago.
    void taken(const std::string& id, std::int64_t days_ago) {
        ASSERT_TRUE(run_to_end(context_, repository_.stage(id)));
        Snapshot snapshot;
        snapshot.id = id;
        snapshot.pair = "shop";
        snapshot.kind = SnapshotKind::automated;
        snapshot.engine = "postgresql";
        snapshot.system_id = "7";
        snapshot.epoch = Epoch{3};
        const auto offset = static_cast<std::uint64_t>(1000 - days_ago * 10);
        snapshot.begin = {{"1"}, offset};
        snapshot.end = {{"1"}, offset + 2};
        snapshot.begun_unix_ms = unix_ms() - days_ago * day_ms;
        snapshot.end_unix_ms = snapshot.begun_unix_ms + 1000;
        snapshot.self_contained = true;
        auto finished = run_to_end(context_, repository_.finish(snapshot, {}));
        ASSERT_TRUE(finished) << finished.error().message;
        catalogue_.snapshots.push_back(*finished);
    }
    void look(SnapshotPolicy policy = {}, bool incomplete = false, bool taking = false) {
        schedule_.look("shop", policy, {catalogue_, incomplete, taking});
    }
    bool expires() {
        return run_to_end(context_, schedule_.expire(repository_, catalogue_)).has_value();
    }
    void end(SnapshotJob::State state) {
        SnapshotJob job;
        job.work = schedule_.wanted()->work;
        job.id = schedule_.wanted()->id;
        job.state = state;
        job.trouble = "the repository is full";
        schedule_.ended(job);
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> found;
        for (const auto& snapshot : catalogue_.snapshots) {
            found.push_back(snapshot.id);
        }
        return found;
    }

    using Ids = std::vector<std::string>;
    asio::io_context context_{1};
    fs::path root_ = folder_.path() / "repository";
    PairRepository repository_{context_.get_executor(),
                               snapshots::make_folder_repository(root_, "shop")};
    snapshots::Catalogue catalogue_{{}, {}, {{{"1"}, {}, 0}}};
    Journal journal_{"b"};
    SnapshotSchedule schedule_{journal_};
};

TEST_F(SnapshotSchedules, WantTheFirstOneAtOnceAndOneAtATime) {
    look();
    ASSERT_TRUE(schedule_.wanted());
    const auto first = *schedule_.wanted();
    EXPECT_EQ(first.work, SnapshotWork::take);
    EXPECT_EQ(first.kind, SnapshotKind::automated);
    EXPECT_EQ(first.pair, "shop");
    EXPECT_EQ(first.id.find("shop-"), 0U);
    look();
    EXPECT_EQ(*schedule_.wanted(), first);
}

TEST_F(SnapshotSchedules, WantNothingNewRightAfterAFailureAndSaySo) {
    look();
    end(SnapshotJob::State::failed);
    EXPECT_FALSE(schedule_.wanted());
    look();
    EXPECT_FALSE(schedule_.wanted()) << "the next try follows in an hour";
    const auto alarms = journal_.alarms();
    ASSERT_EQ(alarms.size(), 1U);
    EXPECT_NE(alarms[0].find("the repository is full"), std::string::npos) << alarms[0];
}

TEST_F(SnapshotSchedules, AreDoneForTodayOnceOneIsTaken) {
    look();
    end(SnapshotJob::State::done);
    taken("shop-new", 0);
    look();
    EXPECT_FALSE(schedule_.wanted());
    EXPECT_TRUE(journal_.alarms().empty());
}

TEST_F(SnapshotSchedules, LeaveAnotherJobToItsWork) {
    look({}, false, true);
    EXPECT_FALSE(schedule_.wanted());
    SnapshotJob other;
    other.work = SnapshotWork::take;
    other.id = "shop-manual";
    other.state = SnapshotJob::State::done;
    schedule_.ended(other);
    EXPECT_FALSE(schedule_.wanted());
}

TEST_F(SnapshotSchedules, RDS_E2_DeleteWhatIsOlderThanTheRetentionButNeverTheLastGoodOne) {
    taken("shop-old", 30);
    taken("shop-older-than-a-week", 9);
    taken("shop-good", 0);
    look();
    EXPECT_TRUE(expires());
    EXPECT_EQ(std::ranges::count(ids(), "shop-old"), 0) << "nothing needs it";
    EXPECT_EQ(std::ranges::count(ids(), "shop-good"), 1);
    const auto reading = run_to_end(context_, repository_.read());
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->catalogue.snapshots.size(), catalogue_.snapshots.size());
}

TEST_F(SnapshotSchedules, RDS_E2_KeepTheOnlyOneHoweverOld) {
    taken("shop-old", 400);
    look();
    EXPECT_TRUE(expires());
    EXPECT_EQ(ids(), Ids{"shop-old"});
}

TEST_F(SnapshotSchedules, DeleteNothingWhileSomethingCannotBeRead) {
    taken("shop-old", 30);
    taken("shop-good", 0);
    look({}, true);
    EXPECT_TRUE(expires());
    EXPECT_EQ(ids().size(), 2U);
}

TEST_F(SnapshotSchedules, DeleteOnceForEachLook) {
    taken("shop-old", 30);
    EXPECT_TRUE(expires()) << "nobody has looked";
    taken("shop-good", 0);
    EXPECT_EQ(ids().size(), 2U);
    look();
    EXPECT_TRUE(expires());
    EXPECT_EQ(ids(), Ids{"shop-good"});
}

TEST_F(SnapshotSchedules, WantAProofOfTheNewestOneOnceItIsTaken) {
    taken("shop-good", 0);
    look();
    EXPECT_FALSE(schedule_.wanted()) << "nobody wants proofs";
    SnapshotPolicy proven;
    proven.verify = true;
    look(proven); // At once, because the policy changed.
    ASSERT_TRUE(schedule_.wanted());
    EXPECT_EQ(schedule_.wanted()->work, SnapshotWork::verify);
    EXPECT_EQ(schedule_.wanted()->id, "shop-good");
    end(SnapshotJob::State::failed);
    look(proven);
    EXPECT_FALSE(schedule_.wanted()) << "one that failed is tried again after a day";
}

TEST_F(SnapshotSchedules, PlanTheNextRun) {
    taken("shop-old", 30);
    taken("shop-good", 0);
    look();
    const auto& plan = schedule_.plan();
    EXPECT_TRUE(plan.takes);
    EXPECT_GT(plan.unix_ms, unix_ms());
    EXPECT_LE(plan.unix_ms, unix_ms() + day_ms);
    ASSERT_EQ(plan.removals.size(), 1U);
    EXPECT_EQ(plan.removals[0].id, "shop-old");
    EXPECT_FALSE(plan.removals[0].why.empty());
}

TEST_F(SnapshotSchedules, TakeNoneWhenTheyAreSwitchedOffAndKeepTheNewest) {
    taken("shop-automated", 1);
    SnapshotPolicy none;
    none.retention_days = 0;
    look(none);
    EXPECT_FALSE(schedule_.wanted());
    EXPECT_TRUE(expires());
    EXPECT_EQ(ids(), Ids{"shop-automated"}) << "the newest one is an operator's to delete";
}

TEST_F(SnapshotSchedules, DeleteAndTakeNothingByAPolicyThatMakesNoSense) {
    taken("shop-old", 30);
    taken("shop-good", 0);
    SnapshotPolicy strange;
    strange.time_zone = "Mars/Olympus";
    look(strange);
    EXPECT_FALSE(schedule_.wanted());
    EXPECT_TRUE(expires());
    EXPECT_EQ(ids().size(), 2U);
    ASSERT_EQ(journal_.alarms().size(), 1U);
    EXPECT_NE(journal_.alarms()[0].find("Mars/Olympus"), std::string::npos);
}

} // namespace
} // namespace lockstep
