#include <algorithm>
#include <array>
#include <iterator>

#include "tests/conformance/replay.h"
#include "tests/conformance/servers/server_stage.h"
#include "tests/integration/mysql/bed.h"
#include "tests/integration/postgres/bed.h"

/// The scripts on real servers.
namespace lockstep::conformance {
namespace {

struct Postgresql {
    using Bed = bed::Bed;
    using Node = bed::Node;
    using Session = postgres::Session::Ptr;
    static constexpr auto name = "postgresql";
    static constexpr std::array table = {"create table kept (n int)"};
    static constexpr auto read =
        "select coalesce(string_agg(n::text, ' ' order by n), '') from kept";
    static inline const std::string insert = "insert into kept values (";
    static std::unique_ptr<Bed> make_bed() { return std::make_unique<Bed>(); }
    static Session client(Bed&, Node& node) { return node.session(); }
    static Session hold_replay(Bed&, Node& node) {
        node.sql("select pg_wal_replay_pause()"); // The driver's own hold ends after a second.
        return nullptr;
    }
};

template <mysql::Flavour flavour> struct Semisync {
    using Bed = mysql_bed::Bed;
    using Node = mysql_bed::Node;
    using Session = mysql::Session::Ptr;
    static constexpr auto name = flavour == mysql::Flavour::mysql ? "mysql" : "mariadb";
    static constexpr std::array table = {
        "CREATE DATABASE shop", "CREATE TABLE shop.kept (n INT PRIMARY KEY)",
        "CREATE USER client@localhost", "GRANT SELECT, INSERT ON shop.* TO client@localhost"};
    static constexpr auto read =
        "SELECT IFNULL(GROUP_CONCAT(n ORDER BY n SEPARATOR ' '), '') FROM shop.kept";
    static inline const std::string insert = "INSERT INTO shop.kept VALUES (";
    static std::unique_ptr<Bed> make_bed() { return std::make_unique<Bed>(flavour); }
    /// The agent's own account passes read_only, as no client does.
    static Session client(Bed& bed, Node& node) {
        mysql::Connection connection;
        connection.socket = node.config().run_dir / (node.config().member + ".sock");
        connection.user = "client";
        const auto soon = Deadline::in(std::chrono::seconds{20});
        return must(bed.run(mysql::Session::open(bed.context().get_executor(), connection,
                                                 std::chrono::seconds{60}, soon)));
    }
    static Session hold_replay(Bed& bed, Node& node) {
        auto locking = node.session();
        const auto soon = Deadline::in(std::chrono::seconds{20});
        must(bed.run(locking->query("FLUSH TABLES shop.kept WITH READ LOCK", soon)));
        return locking;
    }
};

class Servers : public testing::TestWithParam<Script> {
protected:
    template <class Engine> static void play() {
        ServerStage<Engine> stage;
        expect_answers(stage, GetParam());
    }
};
INSTANTIATE_TEST_SUITE_P(Scripts, Servers, testing::ValuesIn(scripts()), name_of);

std::vector<Script> on_mysql() {
    std::vector<Script> some;
    std::ranges::copy_if(scripts(), std::back_inserter(some), &Script::on_mysql);
    return some;
}

class MysqlServers : public Servers {};
INSTANTIATE_TEST_SUITE_P(Scripts, MysqlServers, testing::ValuesIn(on_mysql()), name_of);

TEST_P(Servers, PostgresqlAnswersAsItsModel) {
    play<Postgresql>();
}

TEST_P(MysqlServers, AnswerAsTheirModel) {
    play<Semisync<mysql::Flavour::mysql>>();
}

TEST_P(Servers, MariadbAnswersAsItsModel) {
    play<Semisync<mysql::Flavour::mariadb>>();
}

} // namespace
} // namespace lockstep::conformance
