#include <mysql_driver.h>

#include <cppconn/connection.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>

#include "tests/integration/findings/findings_bed.h"

namespace lockstep::findings {
namespace {

class Crash : public Findings {};
INSTANTIATE_TEST_SUITE_P(mariadb, Crash, testing::Values(Flavour::mariadb));
INSTANTIATE_TEST_SUITE_P(mysql, Crash, testing::Values(Flavour::mysql));

TEST_P(Crash, FINDING_9_ARestartCommitsWhatNobodyAcknowledgedAndTheJudgementFindsIt) {
    Bed bed(GetParam());
    form_pair(bed);
    bed.b().sql(std::string(word().stop_receiver)); // Frozen, it would read on from its socket.
    const auto writer = hanging_commit(bed);
    bed.a().kill();
    EXPECT_FALSE(is_answered(bed, writer, Milliseconds{20000}));
    must(bed.run(bed.b().driver().promote(soon())));
    bed.b().apply(bed.primary_ticket(bed.b()));

    const auto verdict = must(bed.run(bed.a().driver().judge(bed.b().member(), soon())));
    EXPECT_TRUE(verdict.diverged) << verdict.why;
    auto alone = bed.primary_ticket(bed.a());
    alone.door = Door::shut;
    bed.a().start(alone); // As a restart by hand would be.
    EXPECT_EQ(bed.a().sql(rows_kept), "1") << "what the engine does by itself";
}

// MySQL's STOP REPLICA waits 60 s for the rest of a transaction that nobody will send.
TEST_P(Crash, ATransactionThatCameInPartHoldsNoPromotionUp) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.a().sql("CREATE TABLE shop.large (id INT PRIMARY KEY, body LONGBLOB)");
    bed.add_standby();
    const auto writer = bed.a().session();
    const auto look = bed.b().session();
    std::string rows;
    for (int row = 0; row < 150; ++row) {
        rows += (row == 0 ? "(" : ", (") + std::to_string(row) + ", REPEAT('x', 1000000))";
    }
    const auto space = [&] {
        const auto stream = must(bed.run(look->query(std::string(word().show_stream), soon())));
        return std::stoull(stream.text(0, "Relay_Log_Space"));
    };
    const auto before = space();
    must(writer->start("INSERT INTO shop.large VALUES " + rows));
    const auto a_part = before + 10'000'000;
    const auto end = soon();
    while (space() < a_part && !end.passed()) {
    }
    bed.a().kill();
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.large"), "0") << "it came as a whole";
    if (is_mysql()) {
        EXPECT_TRUE(eventually([&] {
            return bed.b().sql("SELECT COUNT(*) FROM "
                               "performance_schema.replication_applier_status_by_worker WHERE "
                               "APPLYING_TRANSACTION <> ''") == "1";
        })) << "nothing is in the midst of being applied";
    }
    const auto in_time = Deadline::in(std::chrono::seconds{20});
    must(bed.run(bed.b().driver().promote(in_time, Loss::refused)));
    bed.b().apply(bed.primary_ticket(bed.b()));
    EXPECT_EQ(bed.b().sql("SELECT COUNT(*) FROM shop.large"), "0");
    bed.b().sql(insert_one);
}

TEST_P(Crash, FINDING_12_TheConnectorFallsBackToPlaintextAndTheDriverDoesNot) {
    Bed bed(GetParam());
    bed.form_primary();
    bed.a().sql(is_mysql()
                    ? "CREATE USER plain@'127.0.0.1' IDENTIFIED WITH caching_sha2_password AS ''"
                    : "CREATE USER plain@'127.0.0.1'");
    bed.a().stop();
    start_with(bed, bed.a(), bed.primary_ticket(bed.a()),
               is_mysql() ? "--tls-version=" : "--skip-ssl");
    sql::ConnectOptionsMap options;
    options["hostName"] = std::string("tcp://127.0.0.1:") + std::to_string(bed.a().config().port);
    options["userName"] = std::string("plain");
    options["password"] = std::string();
    options["sslEnforce"] = true;
    options["OPT_CONNECT_TIMEOUT"] = 10;
    const std::unique_ptr<sql::Connection> connection(
        sql::mysql::get_driver_instance()->connect(options));
    const std::unique_ptr<sql::Statement> statement(connection->createStatement());
    const std::unique_ptr<sql::ResultSet> cipher(
        statement->executeQuery("SHOW SESSION STATUS LIKE 'Ssl_cipher'"));
    ASSERT_TRUE(cipher->next());
    EXPECT_EQ(std::string(cipher->getString(2)), "") << "what the connector does by itself";

    mysql::Connection come;
    come.address = "127.0.0.1";
    come.port = bed.a().config().port;
    come.user = "plain";
    come.tls = bed.b().config().tls;
    const auto opened = bed.run(
        mysql::Session::open(bed.context().get_executor(), come, std::chrono::seconds{10}, soon()));
    EXPECT_FALSE(opened) << "in plaintext";
}

} // namespace
} // namespace lockstep::findings
