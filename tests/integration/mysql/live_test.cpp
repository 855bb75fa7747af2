#include <csignal>

#include <gtest/gtest.h>

#include "drivers/mysql/flavour.h"
#include "drivers/mysql/schema.h"
#include "tests/integration/mysql/bed.h"
#include "tests/support/eventually.h"

/// What a driver does with a server that runs, on real servers. The findings of the field study
/// have a suite of their own (integration/findings).
namespace lockstep {
namespace {

using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::Node;
using mysql_bed::soon;

constexpr auto insert_one = "INSERT INTO shop.kept (what) VALUES ('one')";

class MysqlLive : public testing::TestWithParam<Flavour> {
protected:
    static const mysql::Words& word() { return mysql::words(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlLive, testing::Values(Flavour::mariadb, Flavour::mysql),
                         [](const auto& of) {
                             return of.param == Flavour::mysql ? "mysql" : "mariadb";
                         });

Heartbeat beat(Bed& bed, Node& node) {
    return must(bed.run(node.driver().heartbeat(soon())));
}

/// A pair that is in step, and proved.
Position form_pair(Bed& bed) {
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    return must(bed.run(bed.a().driver().prove("ls_b_7", soon())));
}

bool answers_within(Bed& bed, const mysql::Session::Ptr& session, Milliseconds span) {
    const auto answer = bed.run(session->finish(Deadline::in(span)));
    return answer.has_value();
}

TEST_P(MysqlLive, FormsAPairThatStreams) {
    Bed bed(GetParam());
    bed.form_primary();
    const auto primary = bed.a().observe();
    EXPECT_EQ(primary.state, ServerState::primary);
    EXPECT_EQ(primary.unit, Unit::transactions);
    EXPECT_TRUE(primary.position.history.known()) << primary.unfit;
    EXPECT_EQ(primary.lowered + primary.unfit, "");
    bed.add_standby();
    const auto standby = bed.b().observe_until(
        [&](const auto& seen) { return reached(seen.position, primary.position); },
        "b has what a had");
    EXPECT_EQ(standby.state, ServerState::standby);
    EXPECT_EQ(standby.stream.name, "ls_b_async");
    EXPECT_EQ(standby.system_id, primary.system_id);
    EXPECT_EQ(standby.unfit + standby.lowered, "");
    EXPECT_FALSE(standby.start.empty());
    EXPECT_EQ(beat(bed, bed.a()), Heartbeat::committed);
    EXPECT_EQ(beat(bed, bed.b()), Heartbeat::not_primary);
}

TEST_P(MysqlLive, KnowsOnlyPeersByTheirCertificate) {
    Bed bed(GetParam());
    bed.form_primary();
    mysql::Connection as_b;
    as_b.address = bed.a().member().address;
    as_b.port = bed.a().member().port;
    as_b.user = "ls_b_peer";
    as_b.tls = bed.b().config().tls;
    const auto open = [&] {
        return bed.run(mysql::Session::open(bed.context().get_executor(), as_b,
                                            std::chrono::seconds{10}, soon()));
    };
    EXPECT_TRUE(open());
    as_b.tls = bed.a().config().tls; // Another member's.
    EXPECT_FALSE(open());
    as_b.tls = bed.b().config().tls;
    as_b.user = mysql::own_account();
    EXPECT_FALSE(open()) << "through the socket only";
}

TEST_P(MysqlLive, REDTEAM_F3_SeesTheEffectBeforeAnybodyMayAcknowledge) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    const auto before = bed.b().observe().start;
    bed.a().apply(bed.primary_ticket(bed.a(), "ls_b_7"));
    // b still streams as before, which no account allows any more.
    const auto writer = bed.a().session();
    must(writer->start(insert_one));
    EXPECT_FALSE(answers_within(bed, writer, Milliseconds{400}));
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(Deadline::in(Milliseconds{800})))),
              Heartbeat::waiting_for_standby);
    bed.b().apply(bed.standby_ticket(bed.b(), "ls_b_7"));
    EXPECT_TRUE(answers_within(bed, writer, Milliseconds{10000}));
    const auto barrier = must(bed.run(bed.a().driver().prove("ls_b_7", soon())));
    EXPECT_TRUE(barrier.history.known());
    bed.b().observe_until([&](const auto& seen) { return reached(seen.position, barrier); },
                          "b passes the barrier");
    EXPECT_EQ(bed.b().observe().start, before) << "nothing that it received was lost";
    const auto seen = bed.a().observe_until(
        [&](const auto& report) {
            return beat(bed, bed.a()) == Heartbeat::committed &&
                   reached(report.acknowledged, barrier);
        },
        "a knows what b acknowledged");
    EXPECT_EQ(seen.acknowledgements.name, "ls_b_7");
    EXPECT_TRUE(seen.acknowledgements.streaming);
    EXPECT_EQ(seen.lowered + seen.unfit, "");
}

TEST_P(MysqlLive, MakesCommitsWaitForAFrozenStandbyAndReleasesThemWhenRelaxed) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.b().freeze();
    const auto writer = bed.a().session();
    must(writer->start(insert_one));
    EXPECT_FALSE(answers_within(bed, writer, Milliseconds{400}));
    EXPECT_EQ(must(bed.run(bed.a().driver().heartbeat(Deadline::in(Milliseconds{800})))),
              Heartbeat::waiting_for_standby);
    bed.a().apply(bed.primary_ticket(bed.a()));
    EXPECT_TRUE(answers_within(bed, writer, Milliseconds{2000}));
    EXPECT_EQ(beat(bed, bed.a()), Heartbeat::committed);
    EXPECT_EQ(bed.a().observe().acknowledgements.name, "");
}

TEST_P(MysqlLive, PromotesToAHistoryOfItsOwnAndMayBeAskedAgain) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.a().sql(insert_one);
    const auto before = bed.b().observe().position;
    bed.a().kill();
    const auto history = must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_NE(history, before.history);
    EXPECT_TRUE(history.text.starts_with(before.history.text)) << history.text;
    EXPECT_EQ(must(bed.run(bed.b().driver().promote(soon()))), history);
    const auto seen = bed.b().observe();
    EXPECT_EQ(seen.state, ServerState::primary);
    EXPECT_EQ(seen.position.history, history);
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.kept"), "1");
    bed.b().apply(bed.primary_ticket(bed.b()));
    EXPECT_EQ(beat(bed, bed.b()), Heartbeat::committed);
    EXPECT_EQ(bed.b().observe().lowered + bed.b().observe().unfit, "");
}

TEST_P(MysqlLive, AnAcknowledgedCommitOutlivesAPromotionThatItsApplierDelays) {
    Bed bed(GetParam());
    form_pair(bed);
    // The applier waits behind a reader's lock while commits go on being acknowledged.
    const auto reader = bed.b().session();
    must(bed.run(reader->query("FLUSH TABLES shop.kept WITH READ LOCK", soon())));
    for (int row = 0; row < 3; ++row) {
        bed.a().sql(insert_one);
    }
    EXPECT_GT(bed.b().observe().unreplayed_bytes, 0U);
    bed.a().kill();
    const auto early = bed.run(bed.b().driver().promote(Deadline::in(Milliseconds{1500})));
    EXPECT_FALSE(early) << "not before everything is replayed";
    must(bed.run(reader->query("UNLOCK TABLES", soon())));
    must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.kept"), "3");
}

// A grant after it makes a promise of its own.
TEST_P(MysqlLive, VITESS_S7b_AStandbyThatIsGrantedAnewAfterItsRestartIsPromoted) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.b().kill();
    bed.b().start(bed.standby_ticket(bed.b(), "ls_b_7"));
    must(bed.run(bed.b().driver().keep_for({}, soon())));
    bed.b().observe_until([](const auto& seen) { return seen.stream.connected; }, "b streams");
    bed.tighten("ls_b_9");
    must(bed.run(bed.a().driver().prove("ls_b_9", soon())));
    bed.a().sql(insert_one);
    bed.a().kill();
    must(bed.run(bed.b().driver().promote(soon())));
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.kept"), "1");
}

TEST_P(MysqlLive, TellsWhoSwitchedTheWaitOff) { // R13
    Bed bed(GetParam());
    form_pair(bed);
    EXPECT_EQ(bed.a().observe().lowered, "");
    bed.a().sql("SET GLOBAL " + std::string(word().wait_enabled) + " = OFF");
    bed.a().observe_until([](const auto& seen) { return !seen.lowered.empty(); },
                          "a says that its commits do not wait");
    bed.a().sql("SET GLOBAL " + std::string(word().wait_enabled) + " = ON");
    bed.a().sql("SET GLOBAL sync_binlog = 0");
    bed.a().observe_until(
        [](const auto& seen) { return seen.lowered.find("sync_binlog") != std::string::npos; },
        "a says that its log is not flushed");
}

TEST_P(MysqlLive, NamesAccountsThatPassTheWaitOrTheDoor) { // F6
    Bed bed(GetParam());
    bed.form_primary();
    const auto is_named = [&](const std::string& account) {
        for (const auto& note : bed.a().observe().rpo_notes) {
            if (note.find("account " + account + "@") != std::string::npos) {
                return true;
            }
        }
        return false;
    };
    const auto admin = GetParam() == Flavour::mysql ? "CONNECTION_ADMIN" : "CONNECTION ADMIN";
    bed.a().sql("CREATE USER app@localhost");
    bed.a().sql("GRANT ALL ON shop.* TO app@localhost");
    bed.a().sql("CREATE USER pooler@localhost");
    bed.a().sql(std::string("GRANT ") + admin + " ON *.* TO pooler@localhost");
    bed.a().restart_driver();
    EXPECT_TRUE(is_named("pooler"));
    EXPECT_FALSE(is_named("app"));
    EXPECT_FALSE(is_named(mysql::own_account()));
    EXPECT_FALSE(is_named("ls_b_peer"));
}

TEST_P(MysqlLive, AStandbyThatWroteByItselfIsUnfit) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    if (GetParam() == Flavour::mysql) {
        bed.b().sql("SET GLOBAL super_read_only = OFF");
    }
    bed.b().sql(insert_one);
    const auto seen = bed.b().observe_until(
        [](const auto& report) {
            return report.unfit.find("not of its history") != std::string::npos;
        },
        "b says what it holds");
    EXPECT_FALSE(seen.position.history.known());
}

TEST_P(MysqlLive, BehindAShutDoorOnlyTheAgentAndTheStreamGetIn) { // R9
    Bed bed(GetParam());
    form_pair(bed);
    const std::string no_password = GetParam() == Flavour::mysql
                                        ? " IDENTIFIED WITH caching_sha2_password AS ''"
                                        : " IDENTIFIED VIA mysql_native_password USING ''";
    bed.a().sql("CREATE USER 'client'@'%'" + no_password);
    const auto come = [&] {
        mysql::Connection as_client;
        as_client.address = bed.a().member().address;
        as_client.port = bed.a().member().port;
        as_client.user = "client";
        as_client.tls = bed.b().config().tls;
        return bed.run(mysql::Session::open(bed.context().get_executor(), as_client,
                                            std::chrono::seconds{10}, soon()));
    };
    const auto inside = must(come());
    auto ticket = bed.primary_ticket(bed.a(), "ls_b_7");
    ticket.door = Door::shut;
    bed.a().apply(ticket);
    EXPECT_EQ(bed.a().driver().door(), Door::shut);
    EXPECT_FALSE(bed.run(inside->query("SELECT 1", soon()))) << "it was inside before";
    EXPECT_FALSE(come());
    EXPECT_EQ(beat(bed, bed.a()), Heartbeat::committed);
    EXPECT_TRUE(bed.a().observe().acknowledgements.streaming);
    ticket.door = Door::open;
    bed.a().apply(ticket);
    EXPECT_TRUE(come());
}

TEST_P(MysqlLive, StartsStrictBehindAShutDoorAndLetsTheStandbyStreamIn) { // R9
    Bed bed(GetParam());
    form_pair(bed);
    bed.a().kill();
    auto ticket = bed.primary_ticket(bed.a(), "ls_b_7");
    ticket.door = Door::shut;
    bed.a().start(ticket);
    const auto end = bed.a().observe().position;
    must(bed.run(bed.a().driver().keep_for({bed.b().member()}, soon())));
    bed.a().observe_until(
        [&](const auto& seen) {
            static_cast<void>(bed.run(bed.a().driver().heartbeat(Deadline::in(Milliseconds{500}))));
            return seen.acknowledgements.streaming && reached(seen.acknowledged, end);
        },
        "b streams through the shut door and has the end of recovery");
}

TEST_P(MysqlLive, DrainsClientsBetweenTwoTransactionsAndStopsCleanly) {
    Bed bed(GetParam());
    form_pair(bed);
    const auto idle = bed.a().session();
    const auto busy = bed.a().session();
    must(bed.run(busy->query("BEGIN", soon())));
    must(bed.run(busy->query(insert_one, soon())));
    must(bed.run(bed.a().driver().checkpoint(soon())));
    const auto drained =
        bed.run(bed.a().driver().drain(Milliseconds{10000}, Deadline::in(Milliseconds{1500})));
    EXPECT_FALSE(drained) << "a transaction was open";
    EXPECT_FALSE(bed.run(idle->query("SELECT 1", soon())));
    must(bed.run(busy->query("COMMIT", soon())));
    must(bed.run(bed.a().driver().drain(Milliseconds{10000}, soon())));
    EXPECT_FALSE(bed.run(busy->query("SELECT 1", soon())));
    bed.a().stop();
    const auto end = must(bed.run(bed.a().driver().stopped_at(soon())));
    ASSERT_TRUE(end);
    EXPECT_TRUE(reached(bed.b().observe().position, *end));
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.kept"), "1");
    bed.a().restart_driver(); // MySQL's was halted, which its log does not tell from a crash.
    const auto after = must(bed.run(bed.a().driver().stopped_at(soon())));
    EXPECT_EQ(after.has_value(), GetParam() == Flavour::mariadb);
    must(bed.run(bed.b().driver().promote(soon())));
    bed.b().apply(bed.primary_ticket(bed.b()));
    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_async"));
    must(bed.run(bed.a().driver().keep_for({}, soon())));
    bed.a().observe_until([](const auto& seen) { return seen.stream.connected; },
                          "the old primary follows as it is");
}

TEST_P(MysqlLive, AnOldPrimaryWithNothingOfItsOwnFollowsAsItIs) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.a().stop();
    must(bed.run(bed.b().driver().promote(soon())));
    bed.b().apply(bed.primary_ticket(bed.b()));
    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_async"));
    must(bed.run(bed.a().driver().keep_for({}, soon())));
    const auto history = bed.b().observe().position.history;
    bed.a().observe_until(
        [&](const auto& seen) { return seen.stream.connected && seen.position.history == history; },
        "a follows the new history");
}

} // namespace
} // namespace lockstep
