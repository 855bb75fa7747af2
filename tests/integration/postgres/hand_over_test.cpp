#include <chrono>

#include <gtest/gtest.h>

#include "tests/integration/postgres/bed.h"

/// What a planned switchover asks of a real primary, and what it may rest on (DECISIONS.md 10).
namespace lockstep {
namespace {

using bed::Bed;
using bed::must;
using bed::Node;
using bed::soon;

std::optional<Position> stopped_at(Bed& bed, Node& node) {
    return must(bed.run(node.driver().stopped_at(soon())));
}

/// Asks for a clean stop and waits for the last record, not for the last process.
Position stop_cleanly(Bed& bed, Node& node) {
    must(bed.run(node.driver().stop(soon())));
    const auto deadline = soon();
    std::optional<Position> end;
    while (!end && !deadline.passed()) {
        end = stopped_at(bed, node);
    }
    EXPECT_TRUE(end.has_value()) << "not shut down";
    return end.value_or(Position{});
}

Bed& form(Bed& bed) {
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    bed.a().sql("create table kept as select generate_series(1, 1000) as id");
    return bed;
}

TEST(HandOver, TellsExactlyWhereTheLogEndsThatTheStandbyHasAndTheOldPrimaryFollows) {
    Bed bed;
    form(bed);
    EXPECT_FALSE(stopped_at(bed, bed.a())) << "it runs";
    const auto first = bed.run(bed.a().driver().checkpoint(Deadline::in(Milliseconds{0})));
    if (!first) {
        EXPECT_EQ(first.error().code, Errc::timeout);
    }
    must(bed.run(bed.a().driver().checkpoint(soon()))); // Joins the one that runs.
    must(bed.run(bed.a().driver().checkpoint(soon())));
    must(bed.run(bed.a().driver().drain(Milliseconds{100}, soon())));
    EXPECT_EQ(bed.a().driver().door(), Door::shut);
    const auto end = stop_cleanly(bed, bed.a());
    const auto seen = bed.b().observe_until(
        [&](const auto& now) { return reached(now.position, end); }, "the standby has all of it");
    EXPECT_EQ(seen.position, end) << "not a byte more either";

    bed.a().kill(); // What may be left.
    must(bed.run(bed.b().driver().promote(soon())));
    must(bed.run(bed.b().driver().apply(bed.primary_ticket(bed.b()), soon())));
    must(bed.run(bed.b().driver().keep_for({bed.a().member()}, soon())));
    bed.b().sql("insert into kept values (1001)");
    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    EXPECT_FALSE(verdict.diverged) << verdict.why;
    EXPECT_FALSE(verdict.same_timeline);
    bed.a().start(bed.standby_ticket(bed.a(), "ls_a_async"));
    bed.a().observe_until([](const auto& now) { return now.stream.connected; }, "it follows");
}

TEST(HandOver, REDTEAM_F22_IsSeenThoughAFrozenStandbyKeepsTheServerUp) {
    Bed bed;
    form(bed);
    bed.b().freeze();
    static_cast<void>(stop_cleanly(bed, bed.a()));
    EXPECT_TRUE(bed.a().driver().running_server()) << "its walsender waits for the standby";
}

TEST(HandOver, IsNoneAfterACrashAndDoesNotWaitForAHungArchiver) {
    Bed bed;
    form(bed);
    bed.a().kill();
    EXPECT_FALSE(stopped_at(bed, bed.a()));
    must(bed.a().driver().write_ticket(bed.primary_ticket(bed.a())));
    ASSERT_TRUE(bed.a().try_start({"-c", "archive_mode=on", "-c", "archive_command=sleep 30"}));
    bed.a().sql("select pg_switch_wal()");
    static_cast<void>(stop_cleanly(bed, bed.a()));
    EXPECT_TRUE(bed.a().driver().running_server()) << "the archiver is not done";
}

TEST(HandOver, EndsSessionsButNoneWhoseCommitWaits) {
    Bed bed;
    form(bed);
    const auto idle = bed.a().session();
    const auto busy = bed.a().session();
    must(bed.run(busy->query("begin", {}, soon())));
    must(bed.run(busy->query("insert into kept values (2000)", {}, soon())));
    bed.b().freeze();
    const auto waits = bed.a().session();
    must(waits->start("insert into kept values (2001)"));
    ASSERT_FALSE(bed.run(waits->finish(Deadline::in(Milliseconds{300})))) << "it must wait";
    const auto drained =
        bed.run(bed.a().driver().drain(Milliseconds{100}, Deadline::in(Milliseconds{4000})));
    ASSERT_FALSE(drained);
    EXPECT_EQ(drained.error().code, Errc::timeout);
    EXPECT_NE(drained.error().message.find("1 clients' sessions do not end, 1 of them wait"),
              std::string::npos)
        << drained.error().message;
    EXPECT_FALSE(bed.run(idle->query("select 1", {}, soon())));
    EXPECT_FALSE(bed.run(busy->query("commit", {}, soon())));
    bed.b().thaw();
    EXPECT_TRUE(bed.run(waits->finish(soon()))) << "it got its answer";
    must(bed.run(bed.a().driver().drain(Milliseconds{100}, soon())));

    const auto patient = bed.a().session(); // The agent's own way in is open.
    must(bed.run(patient->query("begin", {}, soon())));
    ASSERT_FALSE(
        bed.run(bed.a().driver().drain(Milliseconds{60000}, Deadline::in(Milliseconds{300}))));
    must(bed.run(patient->query("commit", {}, soon()))); // It had its moment.
    must(bed.run(bed.a().driver().drain(Milliseconds{60000}, soon())));
}

} // namespace
} // namespace lockstep
