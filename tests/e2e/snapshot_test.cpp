// Snapshots of a pair that is written to, and new pairs made of them.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/e2e/snapshot_bed.h"

namespace lockstep::e2e {
namespace {

class Snapshots : public SnapshotBed {
protected:
    [[nodiscard]] std::string proof_of(const Json& snapshot) {
        return snapshot.at("proof").get<std::string>();
    }
    /// By an operator's order, and then by the schedule's.
    void expect_proofs(const std::string& id) {
        const auto outcome = bed().cli({"snapshot", "verify", id}, patient);
        ASSERT_EQ(outcome.status, 0) << outcome.errors;
        const auto shown = bed().ask({"snapshot", "show", id});
        EXPECT_EQ(shown.at("proof"), "restored");
        EXPECT_GT(shown.at("restore_ms").get<int>(), 0);
        static_cast<void>(bed().ask({"snapshot", "schedule", "shop", "--verify"}));
        wait_for("prove an automated one", [this] {
            const auto all = snapshots().at("snapshots");
            return std::ranges::any_of(all, [this](const Json& one) {
                return one.at("kind") == "automated" && proof_of(one) == "restored";
            });
        });
        const auto plan = bed().ask({"snapshot", "plan", "shop"}).at("plans").at(0);
        EXPECT_TRUE(plan.at("takes").get<bool>()) << plan.dump(1);
    }
};

INSTANTIATE_TEST_SUITE_P(postgresql, Snapshots, testing::Values(Engine::postgresql));
INSTANTIATE_TEST_SUITE_P(mysql, Snapshots, testing::Values(Engine::mysql));
INSTANTIATE_TEST_SUITE_P(mariadb, Snapshots, testing::Values(Engine::mariadb));

class SnapshotFaults : public SnapshotBed {
protected:
    [[nodiscard]] bool has_alarm(const std::string& part) {
        const auto alarms = member_of(bed().pair(), "b").at("alarms");
        return std::ranges::any_of(alarms, [&part](const Json& alarm) {
            return alarm.get<std::string>().find(part) != std::string::npos;
        });
    }
};
INSTANTIATE_TEST_SUITE_P(postgresql, SnapshotFaults, testing::Values(Engine::postgresql));
INSTANTIATE_TEST_SUITE_P(mariadb, SnapshotFaults, testing::Values(Engine::mariadb));

// Somebody dropped a table.
TEST_P(Snapshots, RDS_R2_APairIsRestoredToTheMomentBeforeAMistake) {
    bed().form(); // A pair of a and b; c is an agent in no pair.
    const auto writers = begin_writing();
    const auto taken = take();
    expect_writes(*writers);
    const auto ledger = expect_nothing_lost(*writers);
    const auto before = ids_on("a");
    const auto moment = end_of_second();
    say_on("a", "drop table " + ledger_table(engine()));
    wait_until_restorable(moment.unix_ms);

    const auto listed = snapshots();
    EXPECT_EQ(listed.at("archiver"), "b");
    const auto& all = listed.at("snapshots");
    const auto found =
        std::ranges::find_if(all, [&](const Json& one) { return one.at("id") == taken; });
    ASSERT_NE(found, all.end()) << listed.dump(1);
    EXPECT_EQ(found->at("taken_from"), "b");
    EXPECT_EQ(found->at("kind"), "manual");
    // The schedule took one as soon as there was something to take.
    EXPECT_GE(
        std::ranges::count_if(all, [](const Json& one) { return one.at("kind") == "automated"; }),
        1);
    expect_proofs(taken);
    expect_restores({"shop", "--at", moment.text});
    EXPECT_EQ(ids_on("c"), before);
    EXPECT_GE(before.size(), ledger.writes.size() / 2);
    // It is a pair like any other, of its own history, and the old one knows nothing of it.
    EXPECT_EQ(bed().ask({"pair", "show", "old"}).at("phase"), "solo");
    say_on("c", "insert into " + ledger_table(engine()) + " (id) values (0)");
    EXPECT_EQ(bed().pair().at("phase"), "in sync");
}

// The primary's host is lost while a snapshot is taken from the standby, which is promoted.
TEST_P(SnapshotFaults, RDS_K2_RDS_K4_APairIsRestoredAcrossAFailover) {
    bed().form();
    const auto writers = begin_writing();
    const auto first = take();
    expect_writes(*writers);
    const auto second =
        bed().ask({"snapshot", "create", "shop", "--no-wait"}).at("id").get<std::string>();
    kill_member("a");
    bed().wait_for_pair(
        "fail over", [](const Json& pair) { return pair.at("primary") == "b"; }, patient);
    expect_writes(*writers);
    bed().start_agent("a");
    expect_in_sync_under("b");
    expect_writes(*writers);
    expect_nothing_lost(*writers);

    const auto before = ids_on("b");
    const auto moment = end_of_second();
    say_on("b", "drop table " + ledger_table(engine()));
    wait_until_restorable(moment.unix_ms);
    const auto shown = snapshots();
    EXPECT_EQ(shown.at("archiver"), "a");
    EXPECT_EQ(shown.at("restorable").at("gap"), "") << shown.dump(1);
    if (is_taken(second)) { // Whole, or not at all.
        EXPECT_EQ(bed().cli({"snapshot", "check", second}, patient).status, 0);
    }
    expect_restores({first, "--at", moment.text});
    EXPECT_EQ(ids_on("c"), before);
}

// A repository's server is down for a while, and the agent is killed while it copies.
TEST_P(SnapshotFaults, RDS_K1_RDS_D2_NeitherAKilledAgentNorALostRepositoryCostsMoreThanTime) {
    bed().form();
    const auto writers = begin_writing();
    expect_writes(*writers);
    const auto id =
        bed().ask({"snapshot", "create", "shop", "--no-wait"}).at("id").get<std::string>();
    bed().agent("b").end(SIGKILL, in(Milliseconds{20000}));
    bed().start_agent("b");
    wait_for("take it after all", [&] { return is_taken(id); });

    const auto there = bed().repository();
    const auto away = there.string() + ".away";
    std::filesystem::rename(there, away);
    wait_for("tell of it", [&] { return has_alarm("not archived"); });
    EXPECT_NE(snapshots().at("trouble"), "");
    expect_writes(*writers, 500);
    EXPECT_EQ(bed().pair().at("phase"), "in sync");
    EXPECT_FALSE(std::filesystem::exists(there)) << "nobody makes another one in its place";
    const auto meanwhile = end_of_second();
    std::filesystem::rename(away, there);
    wait_until_restorable(meanwhile.unix_ms);
    wait_for("be well again", [&] { return !has_alarm("not archived"); });
    EXPECT_EQ(snapshots().at("restorable").at("gap"), "");
    expect_nothing_lost(*writers);

    wait_until_restorable(end_of_second().unix_ms);
    const auto rows = ids_on("a");
    expect_restores({"shop"});
    EXPECT_EQ(ids_on("c"), rows);
    for (const auto& one : snapshots().at("snapshots")) {
        const auto words = std::vector<std::string>{"snapshot", "check", one.at("id")};
        EXPECT_EQ(bed().cli(words, patient).status, 0) << one.dump();
    }
}

} // namespace
} // namespace lockstep::e2e
