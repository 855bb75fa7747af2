#include "tests/e2e/snapshot_bed.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <thread>

namespace lockstep::e2e {

void SnapshotBed::say_on(const std::string& member, const std::string& statement) {
    if (engine() == Engine::postgresql) {
        static_cast<void>(ask_once(bed().superuser_of(member), statement, in(patient)));
    } else {
        bed().say_as_superuser(member, statement);
    }
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

SnapshotBed::Moment SnapshotBed::end_of_second() {
    constexpr std::int64_t second_ms = 1000;
    const auto now = [] {
        return std::chrono::duration_cast<Milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    };
    Moment moment;
    const auto second = now() / second_ms;
    moment.unix_ms = second * second_ms + second_ms - 1;
    while (now() <= moment.unix_ms) {
        std::this_thread::sleep_for(Milliseconds{1});
    }
    const auto whole = static_cast<std::time_t>(second);
    std::tm utc{};
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.999Z", ::gmtime_r(&whole, &utc));
    moment.text = text.data();
    return moment;
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
    for (auto& row : ask_once(bed().reader_of(member), "select id from " + ledger_table(engine()),
                              in(patient))) {
        ids.insert(std::move(row.at(0)));
    }
    return ids;
}

} // namespace lockstep::e2e
