#include <gtest/gtest.h>

#include "drivers/mysql/flavour.h"
#include "tests/integration/mysql/bed.h"

/// Grants that come soon after one another, as when a standby comes back: none may find what the
/// one before left behind.
namespace lockstep {
namespace {

using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::soon;

constexpr int grants = 8;

class MysqlGrants : public testing::TestWithParam<Flavour> {};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlGrants, testing::Values(Flavour::mariadb),
                         [](const auto& of) {
                             return of.param == Flavour::mysql ? "mysql" : "mariadb";
                         });

/// What a withdrawn grant's proof waited for is let go when the wait is switched off. It is no
/// commit that did not wait.
TEST_P(MysqlGrants, ACommitThatAWithdrawnGrantLeftBehindIsNoSignAgainstTheNext) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    must(bed.run(bed.a().driver().prove("ls_b_7", soon())));
    bed.b().freeze();
    const auto proof = bed.run(bed.a().driver().prove("ls_b_7", Deadline::in(Milliseconds{800})));
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, Errc::timeout) << proof.error().message;
    bed.a().apply(bed.primary_ticket(bed.a()));
    bed.a().apply(bed.primary_ticket(bed.a(), "ls_b_9"));
    bed.b().thaw();
    bed.b().apply(bed.standby_ticket(bed.b(), "ls_b_9"));
    must(bed.run(bed.a().driver().prove("ls_b_9", soon())));
}

/// What is flushed event by event is received more slowly than a primary writes that waits for
/// nobody.
TEST_P(MysqlGrants, AStandbyFlushesEachEventOnlyOnceItsAcknowledgementsCount) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    EXPECT_EQ(bed.b().sql("SELECT @@global.sync_relay_log"), "10000");
    bed.tighten();
    EXPECT_EQ(bed.b().sql("SELECT @@global.sync_relay_log"), "1");
    EXPECT_EQ(bed.b().observe().unfit, "");
    bed.b().apply(bed.standby_ticket(bed.b(), "ls_b_async"));
    EXPECT_EQ(bed.b().sql("SELECT @@global.sync_relay_log"), "10000");
}

/// A standby that is pointed at its upstream under another name goes on with what it received: that
/// is no restart, which would end its promise and the grant.
TEST_P(MysqlGrants, AnotherNameIsNoRestartOfTheStandby) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    const auto start = bed.b().observe().start;
    for (int grant = 0; grant < grants; ++grant) {
        bed.a().sql("INSERT INTO shop.kept (what) VALUES ('one')");
        const auto name = "ls_b_" + std::to_string(7 + grant);
        bed.a().apply(bed.primary_ticket(bed.a(), name));
        bed.b().apply(bed.standby_ticket(bed.b(), name));
        EXPECT_EQ(bed.b().observe().start, start) << "by grant " << grant;
        must(bed.run(bed.a().driver().prove(name, soon())));
        EXPECT_EQ(bed.b().observe().start, start) << "by grant " << grant;
    }
}

class MysqlNotes : public testing::TestWithParam<Flavour> {};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlNotes, testing::Values(Flavour::mariadb, Flavour::mysql),
                         [](const auto& of) {
                             return of.param == Flavour::mysql ? "mysql" : "mariadb";
                         });

std::string stream_to_standby(Bed& bed) {
    return bed.a().sql("SELECT ID FROM information_schema.processlist WHERE COMMAND LIKE 'Binlog "
                       "Dump%'");
}

/// Another agent comes, and applies what is in force already.
void expect_next_agent(Bed& bed, bool knows, const std::string& lowered, const std::string& what) {
    const auto stream = stream_to_standby(bed);
    bed.a().restart_driver();
    EXPECT_EQ(bed.a().observe().acknowledgements.name, "") << what;
    bed.a().apply(bed.primary_ticket(bed.a(), "ls_b_7"));
    const auto seen = bed.a().observe();
    EXPECT_EQ(seen.acknowledgements.name, "ls_b_7") << what;
    EXPECT_NE(seen.lowered.find(lowered), std::string::npos) << what << ": " << seen.lowered;
    EXPECT_EQ(seen.lowered.empty(), lowered.empty()) << what << ": " << seen.lowered;
    EXPECT_EQ(stream_to_standby(bed) == stream, knows) << what;
    must(bed.run(bed.a().driver().prove("ls_b_7", soon())));
}

/// R4.2, R13: looking anew would shut the standby out while commits wait for it.
TEST_P(MysqlNotes, AnAgentThatIsRestartedKnowsWhatTheOneBeforeSawUnlessItChangedSince) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    expect_next_agent(bed, true, "", "nothing happened");
    bed.a().sql("FLUSH STATUS");
    expect_next_agent(bed, false, "", "what was counted is forgotten");
    expect_next_agent(bed, true, "", "nothing happened since");
    const std::string wait(mysql::words(GetParam()).wait_enabled);
    bed.a().sql("SET GLOBAL " + wait + " = OFF");
    bed.a().sql("SET GLOBAL " + wait + " = ON");
    expect_next_agent(bed, false, "while no agent looked", "the wait was off");
    expect_next_agent(bed, false, "while no agent looked", "the record was not narrowed yet");
    bed.a().apply(bed.primary_ticket(bed.a())); // It is now.
    EXPECT_EQ(bed.a().observe().lowered, "");
    bed.a().apply(bed.primary_ticket(bed.a(), "ls_b_9"));
    EXPECT_EQ(bed.a().observe().lowered, "");
}

} // namespace
} // namespace lockstep
