// Disks that fill up, hang and break, beneath real servers.
#include <algorithm>
#include <thread>

#include "tests/e2e/bed.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::e2e {
namespace {

constexpr Milliseconds patient{45000};

class Disks : public EndToEnd {
protected:
    [[nodiscard]] std::uint64_t data_disk_bytes() const override { return 600U << 20U; }

    void SetUp() override {
        EndToEnd::SetUp();
        bed().form();
        for (const auto& member : members()) {
            wait_for_member(member, "hold a ballast",
                            [](const Json& one) { return one.at("disk").at("ballast_bytes") > 0; });
        }
    }

    template <class Condition>
    void wait_for_member(const std::string& id, const std::string& what, Condition condition) {
        bed().wait_for_pair(
            "have " + id + " " + what,
            [&](const Json& pair) { return condition(member_of(pair, id)); }, patient);
    }
    /// Twice: what was held back is released in between.
    void fill(const std::string& member) {
        bed().disk_of(member).fill();
        wait_for_member(member, "release its ballast",
                        [](const Json& one) { return one.at("disk").at("ballast_bytes") == 0; });
        bed().disk_of(member).fill();
        wait_for_member(member, "tell that its disk is full",
                        [](const Json& one) { return one.at("disk").at("full") == true; });
    }
    /// A whole piece of log lies ready: it will not need another one within the next moments.
    void begin_piece_of_log(const std::string& member) {
        for (const auto* statement : // Written to, it is there as a whole.
             {"select pg_switch_wal()", "select pg_logical_emit_message(true, 'test', '')"}) {
            static_cast<void>(
                ask_once(bed().superuser_of(member), statement, in(Milliseconds{20000})));
        }
    }
    static bool has_alarm(const Json& member, const std::string& part) {
        return std::ranges::any_of(member.at("alarms"), [&part](const Json& alarm) {
            return alarm.get<std::string>().find(part) != std::string::npos;
        });
    }
};

// About 25 s.
TEST_F(Disks, AFullOneReleasesItsBallastFirstThenFailsOverAndComesBackOnceThereIsRoom) {
    const auto writers = begin_writing();
    begin_piece_of_log("a"); // Or it might die before the ballast goes.
    bed().disk_of("a").fill();
    wait_for_member("a", "release its ballast", [](const Json& one) {
        return one.at("disk").at("ballast_bytes") == 0 &&
               has_alarm(one, "has little room: make some");
    });
    expect_writes(*writers);
    EXPECT_EQ(primary(), "a");

    const auto full = Clock::now();
    bed().disk_of("a").fill();
    bed().wait_for_pair(
        "fail over to b", [](const Json& pair) { return pair.at("primary") == "b"; }, patient);
    expect_writes(*writers);
    EXPECT_TRUE(has_event("promote", "a's disk is full") || has_event("promote", "a's database"));
    wait_for_member("a", "tell that its disk is full", [](const Json& one) {
        return has_alarm(one, "is full and no ballast is left") && one.at("server") == "stopped";
    });
    std::this_thread::sleep_for(Milliseconds{3000});
    if (!has_event("judged", "left the history of b")) { // Or it made room itself, to be cloned.
        EXPECT_TRUE(database_processes(bed(), "a").empty()) << "it was started without room";
    }
    EXPECT_FALSE(has_event("alarm", "died right after its start"));

    bed().disk_of("a").empty();
    expect_in_sync_under("b");
    wait_for_member("a", "hold a ballast again",
                    [](const Json& one) { return one.at("disk").at("ballast_bytes") > 0; });
    const auto ledger = expect_nothing_lost(*writers);
    RecordProperty("longest_gap_ms", std::to_string(ledger.longest_gap(full).count()));
    // The target is 4 s; the machine is shared.
    EXPECT_LT(ledger.longest_gap(full), Milliseconds{10000});
}

// About 15 s. To go where there is no room either would help nobody.
TEST_F(Disks, FullOnesOnBothSidesFailOverToNobody) {
    const auto before = bed().pair();
    const auto writers = begin_writing();
    fill("b");
    fill("a");
    const auto pair = bed().wait_for_pair(
        "tell that both disks are full",
        [](const Json& one) {
            return one.at("alarm") == true &&
                   one.at("because").get<std::string>().find("disk is full") != std::string::npos;
        },
        patient);
    EXPECT_EQ(pair.at("epoch"), before.at("epoch"));
    EXPECT_EQ(pair.at("primary"), "a");
    // Whichever has room first serves; a, if its database is still there.
    bed().disk_of("a").empty();
    bed().disk_of("b").empty();
    expect_writes(*writers);
    bed().wait_until_in_sync(Milliseconds{60000});
    expect_nothing_lost(*writers);
}

// About 20 s.
TEST_F(Disks, OneThatHangsIsFailedOverAndHangsNoAgent) {
    const auto writers = begin_writing();
    const auto hung = Clock::now();
    bed().disk_of("a").freeze();
    bed().wait_for_pair(
        "fail over to b", [](const Json& pair) { return pair.at("primary") == "b"; }, patient);
    expect_writes(*writers);
    const auto since = Clock::now();
    std::this_thread::sleep_for(Milliseconds{2000}); // Its agent goes on talking all the while.
    wait_for_member("a", "go on talking", [since](const Json& one) {
        const Milliseconds silent{one.at("silent_ms").get<std::int64_t>()};
        return one.at("connected") == true && silent < Clock::now() - since - Milliseconds{1500};
    });
    bed().disk_of("a").thaw();
    expect_in_sync_under("b");
    const auto ledger = expect_nothing_lost(*writers);
    RecordProperty("longest_gap_ms", std::to_string(ledger.longest_gap(hung).count()));
    EXPECT_LT(ledger.longest_gap(hung), Milliseconds{10000});
}

// About 15 s.
TEST_F(Disks, OneThatBreaksIsFailedOverAndNamedByItsAgent) {
    const auto writers = begin_writing();
    bed().disk_of("a").break_down();
    bed().wait_for_pair(
        "fail over to b", [](const Json& pair) { return pair.at("primary") == "b"; }, patient);
    expect_writes(*writers);
    wait_for_member("a", "tell of its data folder", [](const Json& one) {
        return one.at("connected") == true && has_alarm(one, "Input/output error");
    });
    expect_nothing_lost(*writers);
}

} // namespace
} // namespace lockstep::e2e
