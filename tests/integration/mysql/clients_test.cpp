#include <gtest/gtest.h>

#include "drivers/mysql/flavour.h"
#include "tests/integration/mysql/bed.h"
#include "tests/support/eventually.h"

/// Ending clients' sessions while their commits wait for the standby. MariaDB commits at once what
/// a killed session waits for, and counts a commit that was not waited for, which is what R13
/// watches: so a session must be ended in another way.
namespace lockstep {
namespace {

using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::soon;

constexpr auto insert_one = "INSERT INTO shop.kept (what) VALUES ('one')";
constexpr int writers_at_once = 12;
constexpr int drains = 6;

class MysqlClients : public testing::TestWithParam<Flavour> {};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlClients, testing::Values(Flavour::mariadb),
                         [](const auto& of) {
                             return of.param == Flavour::mysql ? "mysql" : "mariadb";
                         });

void form_pair(Bed& bed) {
    bed.form_primary();
    bed.add_standby();
    bed.tighten();
    must(bed.run(bed.a().driver().prove("ls_b_7", soon())));
}

std::string sessions_that_wait(Bed& bed) {
    return bed.a().sql("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE "
                       "VARIABLE_NAME = 'Rpl_semi_sync_master_wait_sessions'");
}

/// A client whose commit waits, because b is frozen.
mysql::Session::Ptr begin_to_wait(Bed& bed) {
    auto client = bed.a().session();
    must(client->start(insert_one));
    EXPECT_TRUE(eventually([&] { return sessions_that_wait(bed) != "0"; }));
    return client;
}

TEST_P(MysqlClients, AKilledQueryAnswersOkAndIsCountedAsACommitThatWasNotWaitedFor) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.b().freeze();
    const auto client = begin_to_wait(bed);
    bed.a().sql("KILL QUERY " + std::to_string(client->id()));
    EXPECT_TRUE(bed.run(client->finish(soon()))) << "what the engine does by itself";
    bed.a().observe_until(
        [](const auto& seen) { return seen.lowered.find("not waited for") != std::string::npos; },
        "the kill is found (R13)");
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM shop.kept"), "1") << "b does not have it";
}

TEST_P(MysqlClients, AShutDoorEndsSessionsAndLetsTheirCommitsWait) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.b().freeze();
    const auto client = begin_to_wait(bed);
    auto ticket = bed.primary_ticket(bed.a(), "ls_b_7");
    ticket.door = Door::shut;
    bed.a().apply(ticket);
    EXPECT_FALSE(bed.run(client->finish(soon()))) << "its client hears nothing";
    EXPECT_EQ(bed.a().observe().lowered, "");
    EXPECT_NE(sessions_that_wait(bed), "0");
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM shop.kept"), "0") << "nobody sees it yet";
    const auto drained =
        bed.run(bed.a().driver().drain(Milliseconds{100}, Deadline::in(Milliseconds{1500})));
    EXPECT_FALSE(drained) << "b does not have what was committed";
    bed.b().thaw();
    must(bed.run(bed.a().driver().drain(Milliseconds{100}, soon())));
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM shop.kept"), "1");
    EXPECT_EQ(bed.a().observe().lowered, "");
}

/// Until its session is ended. What was answered is counted.
Awaitable<void> write_on(mysql::Session::Ptr session, std::shared_ptr<int> answered) {
    const auto deadline = soon();
    while (true) {
        std::string sql = insert_one;
        const auto answer = co_await session->query(std::move(sql), deadline);
        if (!answer) {
            co_return;
        }
        ++*answered;
    }
}

TEST_P(MysqlClients, ADrainUnderLoadIsNoEvidenceAgainstTheWait) {
    Bed bed(GetParam());
    form_pair(bed);
    const auto answered = std::make_shared<int>(0);
    for (int round = 0; round < drains; ++round) {
        for (int writer = 0; writer < writers_at_once; ++writer) {
            asio::co_spawn(bed.context(), write_on(bed.a().session(), answered), asio::detached);
        }
        const int before = *answered;
        while (*answered < before + writers_at_once) {
            bed.context().restart();
            bed.context().run_one();
        }
        must(bed.run(bed.a().driver().drain(Milliseconds{100}, soon())));
        EXPECT_EQ(bed.a().observe().lowered, "") << "in round " << round;
        const auto end = bed.a().observe().position;
        EXPECT_TRUE(reached(bed.b().observe().position, end)) << "b has all that was committed";
        bed.a().apply(bed.primary_ticket(bed.a(), "ls_b_7"));
    }
    EXPECT_GE(std::stoi(bed.a().sql("SELECT COUNT(*) FROM shop.kept")), *answered);
    EXPECT_EQ(bed.a().observe().lowered, "");
}

TEST_P(MysqlClients, ADrainEndsAQueryThatRunsForLong) {
    Bed bed(GetParam());
    form_pair(bed);
    const auto client = bed.a().session();
    must(client->start("SELECT SLEEP(600)"));
    const auto locker = bed.a().session();
    must(bed.run(locker->query("BEGIN", soon())));
    must(bed.run(locker->query(insert_one, soon())));
    const auto began = std::chrono::steady_clock::now();
    must(bed.run(bed.a().driver().drain(Milliseconds{100}, soon())));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{30});
    EXPECT_FALSE(bed.run(client->finish(soon())));
    EXPECT_EQ(bed.a().sql("SELECT COUNT(*) FROM shop.kept"), "0");
}

} // namespace
} // namespace lockstep
