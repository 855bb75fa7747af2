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

} // namespace
} // namespace lockstep
