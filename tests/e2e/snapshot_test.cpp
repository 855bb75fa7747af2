// Snapshots of a pair that is written to, and new pairs made of them.
#include <algorithm>
#include <set>
#include <thread>

#include "tests/e2e/bed.h"

namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{60000};

std::string snapshot_in(const Json& answer) {
    return answer.at("id").get<std::string>();
}

class Snapshots : public EndToEnd {
protected:
    [[nodiscard]] std::vector<std::string> members() const override { return {"a", "b", "c"}; }
    [[nodiscard]] bool repository() const override { return true; }

    std::vector<std::vector<std::string>> ask_on(const std::string& member,
                                                 const std::string& statement) {
        return ask_once(bed().superuser_of(member), statement, in(patient));
    }
    Json snapshots() { return bed().ask({"snapshot", "list", "shop"}).at("pairs").at(0); }
    /// Waits until log up to that time is restorable: the heartbeats go on.
    void wait_until_restorable(std::int64_t unix_ms) {
        const auto by = in(patient);
        Json seen;
        while (Clock::now() < by) {
            seen = snapshots();
            if (seen.at("restorable").at("latest_unix_ms").get<std::int64_t>() >= unix_ms) {
                return;
            }
            std::this_thread::sleep_for(Milliseconds{100});
        }
        FAIL() << "not restorable up to " << unix_ms << ": " << seen.dump(1);
    }
    struct Moment {
        std::int64_t unix_ms = 0;
        std::string text;
    };
    Moment moment_on(const std::string& member) {
        const auto rows =
            ask_on(member,
                   "with now as (select clock_timestamp() as t) select floor(extract(epoch from t) "
                   "* 1000)::bigint::text, to_char(t at time zone 'utc', "
                   "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from now");
        return {std::stoll(rows.at(0).at(0)), rows.at(0).at(1)};
    }
    void expect_restores(std::vector<std::string> arguments) {
        std::vector<std::string> words = {"snapshot", "restore"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        words.insert(words.end(), {"--to", "c", "--as", "old"});
        const auto outcome = bed().cli(words, patient);
        ASSERT_EQ(outcome.status, 0) << outcome.errors;
    }
    std::set<std::string> ids_on(const std::string& member) {
        std::set<std::string> ids;
        for (auto& row : ask_on(member, "select id::text from ledger")) {
            ids.insert(std::move(row.at(0)));
        }
        return ids;
    }
};

// Somebody dropped a table. About 30 s.
TEST_F(Snapshots, RDS_R2_APairIsRestoredToTheMomentBeforeAMistake) {
    bed().form(); // A pair of a and b; c is an agent in no pair.
    const auto writers = begin_writing();
    const auto taken = bed().ask({"snapshot", "create", "shop", "--tag", "why=test"}, patient);
    expect_writes(*writers);
    const auto ledger = expect_nothing_lost(*writers);
    const auto before = ids_on("a");
    const auto moment = moment_on("a");
    static_cast<void>(ask_on("a", "drop table ledger"));
    wait_until_restorable(moment.unix_ms + 1);

    const auto listed = snapshots();
    EXPECT_EQ(listed.at("archiver"), "b");
    const auto& all = listed.at("snapshots");
    const auto found = std::ranges::find_if(
        all, [&](const Json& one) { return one.at("id") == snapshot_in(taken); });
    ASSERT_NE(found, all.end()) << listed.dump(1);
    EXPECT_EQ(found->at("taken_from"), "b");
    EXPECT_EQ(found->at("kind"), "manual");
    // The schedule took one as soon as there was something to take.
    EXPECT_GE(
        std::ranges::count_if(all, [](const Json& one) { return one.at("kind") == "automated"; }),
        1);
    expect_restores({"shop", "--at", moment.text});
    EXPECT_EQ(ids_on("c"), before);
    EXPECT_GE(before.size(), ledger.writes.size() / 2);
    // It is a pair like any other, of its own history, and the old one knows nothing of it.
    EXPECT_EQ(bed().ask({"pair", "show", "old"}).at("phase"), "solo");
    static_cast<void>(ask_on("c", "insert into ledger (id) values (-1)"));
    EXPECT_EQ(bed().pair().at("phase"), "in sync");
}

} // namespace
} // namespace lockstep::e2e
