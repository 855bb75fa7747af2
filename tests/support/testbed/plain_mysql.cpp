#include <algorithm>
#include <array>
#include <map>

#include <unistd.h>

#include "tests/support/testbed/cleanup.h"
#include "tests/support/testbed/plain_server.h"

namespace lockstep::testbed {

namespace {

constexpr Milliseconds patience{30000};

// Both engines'. As with Lockstep's default, `durability = "flush"`.
constexpr auto settings = R"(
innodb_buffer_pool_size = 64M
innodb_flush_log_at_trx_commit = 1
log_bin = binlog
binlog_format = ROW
sync_binlog = 1
relay_log = relay
relay_log_recovery = OFF
sync_relay_log = 1
read_only = ON
)";

struct Words {
    const char* server;
    std::vector<std::string> initialise;
    const char* settings;
    const char* wait_enabled;
    const char* acknowledge_enabled;
    const char* acknowledging_streams;
    const char* follow; // … and host and port.
    const char* receiver_start;
};

const Words& words(Engine engine) {
    static const Words mysql{
        .server = "mysqld",
        .initialise = {"mysqld", "--initialize-insecure"},
        .settings = "gtid_mode = ON\nenforce_gtid_consistency = ON\nlog_replica_updates = ON\n"
                    "skip_replica_start\nreplica_net_timeout = 4\nsecure_file_priv = NULL\n"
                    "loose_mysqlx = OFF\nplugin_load_add = semisync_source.so\n"
                    "plugin_load_add = semisync_replica.so\n"
                    "loose_rpl_semi_sync_source_timeout = 1000000000000000000\n"
                    "loose_rpl_semi_sync_source_wait_point = AFTER_SYNC\n"
                    "loose_rpl_semi_sync_source_wait_no_replica = ON\n",
        .wait_enabled = "rpl_semi_sync_source_enabled",
        .acknowledge_enabled = "rpl_semi_sync_replica_enabled",
        .acknowledging_streams = "Rpl_semi_sync_source_clients",
        .follow = "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'root', SOURCE_AUTO_POSITION = 1, "
                  "SOURCE_CONNECT_RETRY = 1, SOURCE_HEARTBEAT_PERIOD = 1, SOURCE_HOST = '{host}', "
                  "SOURCE_PORT = {port}",
        .receiver_start = "START REPLICA",
    };
    static const Words mariadb{
        .server = "mariadbd",
        .initialise = {"/usr/bin/mariadb-install-db", "--auth-root-authentication-method=normal",
                       "--skip-test-db", "--skip-name-resolve"},
        .settings = "gtid_strict_mode = ON\nlog_slave_updates = ON\nskip_slave_start\n"
                    "slave_net_timeout = 4\nskip_name_resolve\n"
                    "rpl_semi_sync_master_timeout = 1000000000000000000\n"
                    "rpl_semi_sync_master_wait_point = AFTER_SYNC\n"
                    "rpl_semi_sync_master_wait_no_slave = ON\n",
        .wait_enabled = "rpl_semi_sync_master_enabled",
        .acknowledge_enabled = "rpl_semi_sync_slave_enabled",
        .acknowledging_streams = "Rpl_semi_sync_master_clients",
        .follow = "CHANGE MASTER TO MASTER_USER = 'root', MASTER_USE_GTID = slave_pos, "
                  "MASTER_CONNECT_RETRY = 1, MASTER_HEARTBEAT_PERIOD = 1, MASTER_HOST = '{host}', "
                  "MASTER_PORT = {port}",
        .receiver_start = "START SLAVE",
    };
    return engine == Engine::mysql ? mysql : mariadb;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    return text.replace(text.find(what), what.size(), by);
}

/// Its accounts and data come over the stream, from the first transaction on: nothing is copied.
class PlainMysql final : public PlainServer {
public:
    using PlainServer::PlainServer;

    void create() override;
    void follow(const PlainServer& primary) override;
    void wait_for_standby() const override;
    void promote(Session& session) const override;
    [[nodiscard]] pid_t process() const override { return process_; }
    [[nodiscard]] Session::Where superuser() const override {
        return {place().ip, place().port, "root", place().engine};
    }

private:
    [[nodiscard]] const Words& word() const { return words(place().engine); }
    [[nodiscard]] std::string beside(const char* suffix) const {
        return place().data.string() + suffix;
    }
    void start_anew();
    void drain(Session& session) const;
    [[nodiscard]] std::string stream_says(Session& session, const std::string& what) const;
    void say(const std::vector<std::string>& statements) const;

    pid_t process_ = 0;
    int incarnations_ = 0;
};

/// A new and empty server, read only.
void PlainMysql::start_anew() {
    wipe();
    // Another each time: a server takes no transaction that began under its own number.
    const auto number =
        std::to_string(++incarnations_) + place().ip.substr(place().ip.rfind('.') + 1);
    write(beside(".cnf"), "[mysqld]\ndatadir = " + place().data.string() +
                              "\nsocket = " + beside(".sock") + "\npid_file = " + beside(".pid") +
                              "\ntmpdir = " + place().data.parent_path().string() +
                              "\nbind_address = " + place().ip +
                              "\nport = " + std::to_string(place().port) +
                              "\nserver_id = " + number + settings + word().settings);
    auto initialise = word().initialise;
    const auto options = "--defaults-file=" + beside(".cnf");
    initialise.insert(initialise.begin() + 1, options);
    tool(std::move(initialise));
    process_ = start(program({word().server, options}), beside(".log"));
    wait_until_server_does("answer", patience, [&] {
        Session session;
        return session.connect(superuser(), in(Milliseconds{1000})).empty();
    });
}

void PlainMysql::say(const std::vector<std::string>& statements) const {
    Session session;
    if (const auto trouble = session.connect(superuser(), in(patience)); !trouble.empty()) {
        throw Failure("the floor's server: " + trouble);
    }
    for (const auto& statement : statements) {
        must_say(session, statement);
    }
}

/// Writers ask for the history, of which a plain pair has none: it is always the first.
void PlainMysql::create() {
    start_anew();
    say({"CREATE DATABASE lockstep", "CREATE TABLE lockstep.history (number INT PRIMARY KEY)",
         "INSERT INTO lockstep.history VALUES (1)", "SET GLOBAL read_only = OFF"});
}

void PlainMysql::follow(const PlainServer& primary) {
    start_anew();
    const auto from = replaced(word().follow, "{host}", primary.place().ip);
    say({std::string("SET GLOBAL ") + word().acknowledge_enabled + " = ON",
         replaced(from, "{port}", std::to_string(primary.place().port)), word().receiver_start});
}

void PlainMysql::wait_for_standby() const {
    say({std::string("SET GLOBAL ") + word().wait_enabled + " = ON"});
    const auto question =
        std::string("SHOW GLOBAL STATUS LIKE '") + word().acknowledging_streams + "'";
    wait_until_server_does("have a standby that acknowledges", patience, [&] {
        return ask_once(superuser(), question, in(patience)).at(0).at(1) == "1";
    });
}

/// All that was received is applied: what was acknowledged is no more than in the relay log.
void PlainMysql::drain(Session& session) const {
    const bool is_mysql = place().engine == Engine::mysql;
    const auto wait =
        is_mysql ? std::string("SELECT WAIT_FOR_EXECUTED_GTID_SET(received_transaction_set, 20) "
                               "FROM performance_schema.replication_connection_status")
                 : "SELECT MASTER_GTID_WAIT('" + stream_says(session, "Gtid_IO_Pos") + "', 20)";
    if (must_say(session, wait).at(0).at(0) != "0") {
        throw Failure("the floor's standby did not apply what it had received: " +
                      stream_says(session, "Last_SQL_Error"));
    }
}

std::string PlainMysql::stream_says(Session& session, const std::string& what) const {
    const auto answer =
        session.ask(place().engine == Engine::mysql ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS",
                    {}, in(patience));
    const auto column = std::ranges::find(answer.columns, what);
    if (answer.rows.empty() || column == answer.columns.end()) {
        throw Failure("the floor's standby does not say its " + what + ": " + answer.trouble);
    }
    return answer.rows.at(0).at(static_cast<std::size_t>(column - answer.columns.begin()));
}

void PlainMysql::promote(Session& session) const {
    const std::string replication = place().engine == Engine::mysql ? "REPLICA" : "SLAVE";
    must_say(session, "STOP " + replication + " IO_THREAD");
    drain(session);
    must_say(session, "STOP " + replication);
    must_say(session, "RESET " + replication + " ALL");
    must_say(session, "SET GLOBAL read_only = OFF");
}

} // namespace

std::unique_ptr<PlainServer> make_plain_mysql(PlainServer::Place place) {
    return std::make_unique<PlainMysql>(std::move(place));
}

} // namespace lockstep::testbed
