#include <algorithm>

#include "drivers/mysql/marker.h"
#include "platform/files.h"
#include "tests/integration/findings/findings_bed.h"

namespace lockstep::findings {
namespace {

class Standby : public Findings {};
INSTANTIATE_TEST_SUITE_P(mariadb, Standby, testing::Values(Flavour::mariadb));
INSTANTIATE_TEST_SUITE_P(mysql, Standby, testing::Values(Flavour::mysql));

TEST_P(Standby, FINDING_5_OneThatWaitsForAStandbyOfItsOwnReplaysNothingUntilItsTicketIsApplied) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    const auto look = bed.b().session();
    bed.b().sql(set_global(word().wait_enabled, "ON"));
    bed.a().sql(insert_one);
    const auto end = bed.a().observe().position;
    const auto seen = bed.b().observe_until(
        [&](const auto& now) {
            return reached(now.position, end) &&
                   now.unfit.find(word().wait_enabled) != std::string::npos;
        },
        "b has received it, and says what is wrong with itself");
    EXPECT_EQ(must(bed.run(look->query(rows_kept, soon()))).text(0, 0), "0")
        << "what the engine does by itself";
    bed.b().apply(bed.standby_ticket(bed.b(), "ls_b_async"));
    EXPECT_TRUE(
        eventually([&] { return bed.b().sql(rows_kept) == "1"; }, std::chrono::seconds{30}));
    EXPECT_EQ(bed.b().observe().unfit, "");
}

/// b received a commit that was acknowledged and has not replayed it; both die.
void die_before_replay(Bed& bed) {
    const auto reader = bed.b().session();
    must(bed.run(reader->query("FLUSH TABLES shop.kept WITH READ LOCK", soon())));
    bed.a().sql(insert_one);
    bed.a().kill();
    bed.b().kill();
}

Ticket replaying(Bed& bed) {
    Ticket ticket;
    ticket.peers = {bed.a().member()};
    return ticket;
}

class KeepsReceived : public Findings {};
INSTANTIATE_TEST_SUITE_P(mysql, KeepsReceived, testing::Values(Flavour::mysql));

// An acknowledgement means: in the relay log.
TEST_P(KeepsReceived, FINDING_6_VITESS_S7b_ItsOwnRecoveryForgetsWhatItAcknowledgedAndOursDoesNot) {
    Bed bed(GetParam());
    form_pair(bed);
    die_before_replay(bed);
    const auto data = bed.b().config().data_dir;
    const auto aside = bed.folder() / "aside";
    std::filesystem::copy(data, aside, std::filesystem::copy_options::recursive);
    start_with(bed, bed.b(), replaying(bed), "--relay-log-recovery=ON");
    bed.b().sql("START REPLICA SQL_THREAD");
    const auto seen = bed.b().observe_until(
        [](const auto& now) { return now.unfit.find("nothing is replayed") == std::string::npos; },
        "its applier runs");
    EXPECT_NE(seen.unfit.find("relay_log_recovery is ON"), std::string::npos) << seen.unfit;
    EXPECT_EQ(bed.b().sql(rows_kept), "0") << "what the engine does by itself, of one acknowledged";
    bed.b().kill();

    std::filesystem::remove_all(data);
    std::filesystem::rename(aside, data);
    bed.b().start(replaying(bed));
    must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_EQ(bed.b().sql(rows_kept), "1");
}

class ForgetsReceived : public Findings {
protected:
    static void expect_no_promotion(Bed& bed) {
        const auto promoted = bed.run(bed.b().driver().promote(soon()));
        ASSERT_FALSE(promoted) << bed.b().sql(rows_kept) << " of 1 acknowledged";
        EXPECT_EQ(promoted.error().code, Errc::refused) << promoted.error().message;
        EXPECT_NE(promoted.error().message.find("--accept-data-loss"), std::string::npos)
            << promoted.error().message;
        EXPECT_TRUE(must(bed.run(bed.b().driver().never_promoted(soon())))) << "F23";
    }
    /// With what it may have received kept aside (R8).
    static void promote_with_loss(Bed& bed) {
        must(bed.run(bed.b().driver().promote(soon(), Loss::accepted)));
        EXPECT_EQ(bed.b().sql(rows_kept), "0");
        EXPECT_EQ(bed.b().observe().state, ServerState::primary);
    }
    static bool is_kept(Bed& bed) {
        std::string kept;
        for (const auto& entry : std::filesystem::directory_iterator(bed.b().config().data_dir)) {
            if (entry.path().filename().string().starts_with("lockstep_kept_relay.")) {
                kept += read_file(entry.path()).value_or("");
            }
        }
        return kept.find(insert_one) != std::string::npos;
    }
};
INSTANTIATE_TEST_SUITE_P(mariadb, ForgetsReceived, testing::Values(Flavour::mariadb));

// MariaDB does not read what a server received before its restart: it would serve without commits
// that were acknowledged. No setting helps.
TEST_P(ForgetsReceived, FINDING_6_VITESS_S7b_ARestartedStandbyIsNotPromotedPastWhatItReceived) {
    Bed bed(GetParam());
    form_pair(bed);
    die_before_replay(bed);
    const auto data = bed.b().config().data_dir;
    const auto aside = bed.folder() / "aside";
    std::filesystem::copy(data, aside, std::filesystem::copy_options::recursive);
    bed.b().start(replaying(bed));
    expect_no_promotion(bed);
    promote_with_loss(bed);
    EXPECT_TRUE(is_kept(bed));
    bed.b().kill();
    std::filesystem::remove_all(data);
    std::filesystem::rename(aside, data);
    bed.b().start(replaying(bed));
    // Before it hears of its promotion it may be started as the standby that it was: its applier
    // runs again, and what it had received is gone.
    bed.b().kill();
    bed.b().start(bed.standby_ticket(bed.b(), "ls_b_7"));
    must(bed.run(bed.b().driver().keep_for({}, soon())));
    bed.b().observe_until([](const auto& seen) { return seen.unfit.empty(); }, "b replays");
    EXPECT_EQ(bed.b().sql(rows_kept), "0") << "what the engine does by itself";
    expect_no_promotion(bed);
    promote_with_loss(bed);
}

std::vector<std::filesystem::path> relay_logs(Bed& bed) {
    std::vector<std::filesystem::path> logs;
    for (const auto& entry : std::filesystem::directory_iterator(bed.b().config().data_dir)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with("relay.") && name != "relay.index") {
            logs.push_back(entry.path());
        }
    }
    std::ranges::sort(logs);
    return logs;
}

class BrokenRelayLogs : public ForgetsReceived {
protected:
    /// b died before it had replayed what it acknowledged; its start lacks nothing in the end.
    static void expect_received_again(Bed& bed) {
        bed.b().start(bed.standby_ticket(bed.b(), "ls_b_7"));
        must(bed.run(bed.b().driver().keep_for({}, soon())));
        expect_all_of_a(bed);
    }
    static void expect_all_of_a(Bed& bed) {
        const auto end = bed.a().observe().position;
        bed.b().observe_until(
            [&](const auto& now) { return now.unfit.empty() && reached(now.position, end); },
            "b has it again");
        EXPECT_TRUE(
            eventually([&] { return bed.b().sql(rows_kept) == "1"; }, std::chrono::seconds{30}));
    }
    static void let_b_die(Bed& bed) {
        form_pair(bed);
        const auto reader = bed.b().session();
        must(bed.run(reader->query("FLUSH TABLES shop.kept WITH READ LOCK", soon())));
        bed.a().sql(insert_one);
        bed.b().kill();
    }
};
INSTANTIATE_TEST_SUITE_P(mysql, BrokenRelayLogs, testing::Values(Flavour::mysql));
INSTANTIATE_TEST_SUITE_P(mariadb, BrokenRelayLogs, testing::Values(Flavour::mariadb));

// The last one ends in the midst of an event, as after a loss of power under "receive".
TEST_P(BrokenRelayLogs, VITESS_S13_TornAreReceivedAgain) {
    Bed bed(GetParam());
    let_b_die(bed);
    const auto last = relay_logs(bed).back();
    std::filesystem::resize_file(last, std::filesystem::file_size(last) - 10);
    expect_received_again(bed);
}

// Somebody removed them, to make room.
TEST_P(BrokenRelayLogs, ThatAreGoneAreReceivedAgain) {
    Bed bed(GetParam());
    let_b_die(bed);
    for (const auto& log : relay_logs(bed)) {
        std::filesystem::remove(log);
    }
    const auto seen = bed.b().start(bed.standby_ticket(bed.b(), "ls_b_7"));
    EXPECT_NE(seen.unfit.find("somebody removed relay logs: relay.00"), std::string::npos)
        << seen.unfit;
    must(bed.run(bed.b().driver().keep_for({}, soon())));
    expect_no_promotion(bed); // R2: what it acknowledged may not have come again.
    expect_all_of_a(bed);
    bed.tighten("ls_b_9"); // Granted anew, under another name, it is one like any other.
    bed.a().kill();
    must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_EQ(bed.b().sql(rows_kept), "1");
}

// One that is gone had been replayed long before: what can be replayed is not thrown away (R8), and
// here nobody could send it again.
TEST_P(BrokenRelayLogs, OfWhichAReplayedOneIsGoneAreReplayed) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.b().sql("SET GLOBAL relay_log_purge = 0");
    bed.b().sql("FLUSH LOCAL RELAY LOGS");
    bed.a().sql(insert_one);
    ASSERT_TRUE(
        eventually([&] { return bed.b().sql(rows_kept) == "1"; }, std::chrono::seconds{30}));
    bed.b().sql(std::string(word().stop_applier));
    bed.a().sql(insert_one);
    bed.a().kill();
    const auto logs = relay_logs(bed);
    ASSERT_GT(logs.size(), 1U);
    std::filesystem::remove(logs.front());
    EXPECT_NE(bed.b().observe().unfit.find(logs.front().filename()), std::string::npos)
        << bed.b().observe().unfit;
    must(bed.run(bed.b().driver().keep_for({}, soon())));
    EXPECT_TRUE(
        eventually([&] { return bed.b().sql(rows_kept) == "2"; }, std::chrono::seconds{30}));
}

// MySQL was seen to get over it, too, in five times the time.
class RelayLogsInUse : public BrokenRelayLogs {};
INSTANTIATE_TEST_SUITE_P(mariadb, RelayLogsInUse, testing::Values(Flavour::mariadb));

// A server that runs goes on in those that it has open, until the next one begins.
TEST_P(RelayLogsInUse, ThatAreRemovedAreReceivedAgain) {
    Bed bed(GetParam());
    form_pair(bed);
    for (const auto& log : relay_logs(bed)) {
        std::filesystem::remove(log);
    }
    bed.a().sql(insert_one);
    bed.b().sql("FLUSH LOCAL RELAY LOGS");
    bed.a().sql(insert_one);
    const auto end = bed.a().observe().position;
    bed.b().observe_until(
        [&](const auto& now) {
            must(bed.run(bed.b().driver().keep_for({}, soon())));
            return now.unfit.empty() && reached(now.position, end) && bed.b().sql(rows_kept) == "2";
        },
        "b has all");
}

// The server died when it had forgotten its relay logs and was not told yet whom to follow. MySQL
// goes on showing whom it followed.
class GivenUpRelayLogs : public BrokenRelayLogs {};
INSTANTIATE_TEST_SUITE_P(mariadb, GivenUpRelayLogs, testing::Values(Flavour::mariadb));

TEST_P(GivenUpRelayLogs, AreNotForgottenWithTheStream) {
    Bed bed(GetParam());
    form_pair(bed);
    must(mysql::mark_forgotten(bed.b().config().data_dir, "ls_b_5 ls_b_7"));
    bed.a().kill();
    bed.b().sql(std::string(word().stop_both));
    bed.b().sql(std::string(word().forget_upstream));
    bed.b().kill();
    bed.b().start(bed.standby_ticket(bed.b(), "ls_b_7"));
    expect_no_promotion(bed);
    bed.b().kill();
    bed.b().start(replaying(bed)); // Its host was started anew.
    expect_no_promotion(bed);
}

} // namespace
} // namespace lockstep::findings
