// What stays of a pair that is deleted.
#include <algorithm>
#include <csignal>

#include "tests/e2e/snapshot_bed.h"

namespace lockstep::e2e {
namespace {

class DeletedPairs : public SnapshotBed {
protected:
    [[nodiscard]] Outcome delete_shop(const std::vector<std::string>& words) {
        std::vector<std::string> all = {"pair", "delete", "shop", "--yes"};
        all.insert(all.end(), words.begin(), words.end());
        return bed().cli(all, patient);
    }
    void expect_refused(const std::vector<std::string>& words, const std::string& part) {
        const auto outcome = delete_shop(words);
        EXPECT_EQ(outcome.status, 1) << outcome.output;
        EXPECT_NE(outcome.errors.find(part), std::string::npos) << outcome.errors;
    }
    [[nodiscard]] Json final_snapshot() {
        const auto all = snapshots().at("snapshots");
        const auto found =
            std::ranges::find_if(all, [](const Json& one) { return one.at("kind") == "final"; });
        return found == all.end() ? Json() : *found;
    }
};
INSTANTIATE_TEST_SUITE_P(postgresql, DeletedPairs, testing::Values(Engine::postgresql));

// Somebody deletes a pair that is needed after all.
TEST_P(DeletedPairs, RDS_E4_AFinalSnapshotOutlivesItsPairAndIsRestored) {
    bed().form();
    const auto writers = begin_writing();
    expect_writes(*writers);
    expect_nothing_lost(*writers);
    const auto rows = ids_on("a");

    static_cast<void>(bed().ask({"pair", "protect", "shop"}));
    EXPECT_EQ(bed().pair().at("deletion_protection"), true);
    expect_refused({"--skip-final-snapshot"}, "lockstep pair unprotect shop");
    expect_refused({"--final-snapshot", "shop-last"}, "lockstep pair unprotect shop");
    static_cast<void>(bed().ask({"pair", "unprotect", "shop"}));
    wait_for("tell of its repository", [this] { return snapshots().at("told") == true; });
    expect_refused({}, "--skip-final-snapshot");
    EXPECT_EQ(bed().pair().at("phase"), "in sync");

    const auto deleted = delete_shop({"--final-snapshot", "shop-last"});
    ASSERT_EQ(deleted.status, 0) << deleted.errors;
    EXPECT_EQ(bed().cli({"pair", "show", "shop"}).status, 4) << "it is gone";
    // As the next controller knows it, too.
    bed().controller().end(SIGTERM, in(Milliseconds{20000}));
    bed().start_controller();
    wait_for("hear of c again", [this] {
        const auto agents = bed().ask({"agents"}).at("agents");
        return std::ranges::any_of(agents, [](const Json& one) {
            return one.at("member") == "c" && one.at("connected") == true;
        });
    });
    const auto left = snapshots();
    EXPECT_TRUE(left.at("deleted_time").is_string()) << left.dump(1);
    const auto last = final_snapshot();
    ASSERT_FALSE(last.is_null()) << left.dump(1);
    EXPECT_EQ(last.at("tags").at("name"), "shop-last");
    EXPECT_NE(deleted.output.find(last.at("id").get<std::string>()), std::string::npos)
        << deleted.output;

    // The databases of the pair go on, and are not asked: what is restored is the snapshot.
    kill_member("a");
    kill_member("b");
    expect_restores({last.at("id").get<std::string>()});
    EXPECT_EQ(ids_on("c"), rows);
    EXPECT_EQ(bed().ask({"pair", "show", "old"}).at("deletion_protection"), false);
    EXPECT_TRUE(snapshots().at("deleted_time").is_string()) << "it stays listed";
}

} // namespace
} // namespace lockstep::e2e
