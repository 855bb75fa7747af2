#include <gtest/gtest.h>

#include "drivers/mysql/flavour.h"
#include "tests/integration/mysql/bed.h"

/// What `lockstep config check` finds on real programs and servers.
namespace lockstep {
namespace {

using mysql::Flavour;
using mysql_bed::Bed;
using mysql_bed::must;
using mysql_bed::Node;
using mysql_bed::soon;

class MysqlExamine : public testing::TestWithParam<Flavour> {};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlExamine, testing::Values(Flavour::mariadb, Flavour::mysql),
                         [](const auto& of) {
                             return of.param == Flavour::mysql ? "mysql" : "mariadb";
                         });

Findings look(Bed& bed, Node& node) {
    MysqlDriver driver(bed.context().get_executor(), node.config());
    auto found = bed.run([&driver]() -> Awaitable<Findings> {
        const auto deadline = soon();
        co_return co_await driver.examine(deadline);
    }());
    driver.forget_server();
    return found;
}

std::string words_of(const Findings& found) {
    std::string text;
    for (const auto& finding : found) {
        text += (finding.weight == Finding::Weight::refused ? "refused " : "reported ") +
                finding.key + " " + finding.what + "\n";
    }
    return text;
}

const Finding* find(const Findings& found, const std::string& part) {
    for (const auto& finding : found) {
        if (finding.what.find(part) != std::string::npos) {
            return &finding;
        }
    }
    return nullptr;
}

TEST_P(MysqlExamine, RefusesNothingOfAServerAsItsAgentRunsIt) {
    Bed bed(GetParam());
    EXPECT_EQ(words_of(look(bed, bed.a())), "") << "no server runs";
    bed.form_primary();
    const auto text = words_of(look(bed, bed.a()));
    EXPECT_EQ(text.find("refused"), std::string::npos) << text; // The account root is reported.
}

TEST_P(MysqlExamine, FindsWhatTheProgramWouldRefuse) {
    Bed bed(GetParam());
    bed.a().config().settings.emplace_back("max_conections", "10");
    bed.a().config().settings.emplace_back("sort_buffer_size", "banana");
    const auto found = look(bed, bed.a());
    const auto* const value = find(found, "banana");
    ASSERT_NE(value, nullptr) << words_of(found);
    EXPECT_EQ(value->weight, Finding::Weight::refused);
    bed.a().config().settings.pop_back(); // MariaDB's program says no more after such a value.
    const auto mended = look(bed, bed.a());
    const auto* const name = find(mended, "max_conections");
    ASSERT_NE(name, nullptr) << words_of(mended);
    EXPECT_EQ(name->key, "settings.max_conections");
}

TEST_P(MysqlExamine, FindsWhatBreaksR1OnARunningServerAndHowToMendIt) {
    Bed bed(GetParam());
    bed.form_primary();
    const bool mysql = GetParam() == Flavour::mysql;
    const std::string admin = mysql ? "CONNECTION_ADMIN" : "CONNECTION ADMIN";
    bed.a().sql("CREATE USER pooler@localhost");
    bed.a().sql("GRANT " + admin + " ON *.* TO pooler@localhost");
    bed.a().sql("CREATE TABLE shop.loose (id INT) ENGINE = MyISAM");
    bed.a().sql("SET GLOBAL sync_binlog = 0");
    if (mysql) {
        bed.a().sql("SET PERSIST max_connections = 77");
    }
    const auto found = look(bed, bed.a());
    const auto* const table = find(found, "table shop.loose");
    ASSERT_NE(table, nullptr) << words_of(found);
    EXPECT_EQ(table->weight, Finding::Weight::refused);
    EXPECT_NE(table->mend.find("InnoDB"), std::string::npos);
    const auto* const account = find(found, "account pooler@localhost");
    ASSERT_NE(account, nullptr) << words_of(found);
    EXPECT_EQ(account->weight, Finding::Weight::reported);
    const auto* const setting = find(found, "sync_binlog is 0 instead of 1");
    ASSERT_NE(setting, nullptr) << words_of(found);
    EXPECT_EQ(setting->weight, Finding::Weight::refused);
    EXPECT_NE(setting->place.find("the server at 127.0.0.1"), std::string::npos);
    EXPECT_EQ(find(found, "SET PERSIST") != nullptr, mysql) << words_of(found);
    bed.a().config().run_dir = bed.folder(); // Its socket is not there.
    const auto silent = look(bed, bed.a());
    const auto* const trouble = find(silent, "does not answer");
    ASSERT_NE(trouble, nullptr) << words_of(silent);
    EXPECT_EQ(trouble->weight, Finding::Weight::refused);
}

} // namespace
} // namespace lockstep
