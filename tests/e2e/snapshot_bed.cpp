#include "tests/e2e/snapshot_bed.h"

#include <algorithm>
#include <thread>

namespace lockstep::e2e {

std::vector<std::vector<std::string>> SnapshotBed::ask_on(const std::string& member,
                                                          const std::string& statement) {
    return ask_once(bed().superuser_of(member), statement, in(patient));
}

Json SnapshotBed::snapshots() {
    return bed().ask({"snapshot", "list", "shop"}).at("pairs").at(0);
}

std::string SnapshotBed::take() {
    return bed().ask({"snapshot", "create", "shop"}, patient).at("id").get<std::string>();
}

bool SnapshotBed::is_taken(const std::string& id) {
    const auto all = snapshots().at("snapshots");
    return std::ranges::any_of(all, [&](const Json& one) { return one.at("id") == id; });
}

void SnapshotBed::wait_for(const std::string& what, const std::function<bool()>& holds) {
    const auto by = in(patient);
    while (!holds()) {
        ASSERT_LT(Clock::now(), by) << "it does not " << what << ": " << snapshots().dump(1);
        std::this_thread::sleep_for(Milliseconds{100});
    }
}

void SnapshotBed::wait_until_restorable(std::int64_t unix_ms) {
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

SnapshotBed::Moment SnapshotBed::moment_on(const std::string& member) {
    const auto rows = ask_on(
        member, "with now as (select clock_timestamp() as t) select floor(extract(epoch from t) "
                "* 1000)::bigint::text, to_char(t at time zone 'utc', "
                "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from now");
    return {std::stoll(rows.at(0).at(0)), rows.at(0).at(1)};
}

void SnapshotBed::expect_restores(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {"snapshot", "restore"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--to", "c", "--as", "old"});
    const auto outcome = bed().cli(words, patient);
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
}

std::set<std::string> SnapshotBed::ids_on(const std::string& member) {
    std::set<std::string> ids;
    for (auto& row : ask_on(member, "select id::text from ledger")) {
        ids.insert(std::move(row.at(0)));
    }
    return ids;
}

} // namespace lockstep::e2e
