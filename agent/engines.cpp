#include "agent/engines.h"

#include <vector>

#include <unistd.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/snapshot/mysql_snapshots.h"
#include "drivers/postgres/postgres_driver.h"
#include "drivers/postgres/snapshot/postgres_snapshots.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

bool is_postgres(const AgentConfig& config) {
    return config.database.engine == "postgresql";
}

mysql::Flavour flavour_of(const AgentConfig& config) {
    return config.database.engine == "mysql" ? mysql::Flavour::mysql : mysql::Flavour::mariadb;
}

/// What every driver's configuration has.
template <class Config> Config common_config(const AgentConfig& config, const Identity& identity) {
    Config driver;
    driver.member = config.name;
    driver.bin_dir = config.database.bin_dir;
    driver.data_dir = config.database.data_dir;
    driver.run_dir = config.run_dir;
    driver.log_file = config.state_dir / (config.database.engine + ".log");
    driver.address = config.address;
    driver.port = config.database.port;
    driver.tls = {identity.files.ca, identity.files.certificate, identity.files.key};
    driver.settings = config.database.settings;
    driver.rebuild_most_megabytes = config.rebuild_most_megabytes;
    return driver;
}

PostgresConfig postgres_config(const AgentConfig& config, const Identity& identity) {
    auto driver = common_config<PostgresConfig>(config, identity);
    driver.hba = config.database.hba;
    return driver;
}

MysqlConfig mysql_config(const AgentConfig& config, const Identity& identity) {
    auto driver = common_config<MysqlConfig>(config, identity);
    driver.flavour = flavour_of(config);
    driver.durability = config.database.durability == Durability::flush
                            ? mysql::Durability::flush
                            : mysql::Durability::receive;
    return driver;
}

std::vector<std::string> programs_of(const AgentConfig& config) {
    if (is_postgres(config)) {
        return {"postgres", "initdb", "pg_basebackup", "pg_controldata", "pg_rewind", "pg_waldump"};
    }
    return flavour_of(config) == mysql::Flavour::mysql
               ? std::vector<std::string>{"mysqld", "mysqlbinlog"}
               : std::vector<std::string>{"mariadbd", "mariadb-install-db", "mariadb-binlog",
                                          "mariadb-dump", "mariadb"};
}

/// By which a distribution starts a server of this engine, and on which data.
struct Distribution {
    std::vector<std::string> units;
    std::string data;
};
Distribution distribution_of(const AgentConfig& config) {
    return is_postgres(config) ? Distribution{{"postgresql"}, "/var/lib/postgresql/"}
                               : Distribution{{"mariadb", "mysql"}, "/var/lib/mysql/"};
}

/// Where a join puts them, whether it was made yet or not.
Identity files_of(const AgentConfig& config) {
    Identity identity;
    identity.files = identity_files(config.state_dir);
    return identity;
}

/// A server lies in sbin and its tools in bin, or all in one folder: the drivers look there, too.
bool is_there(const fs::path& bin_dir, const std::string& program) {
    const auto prefix = bin_dir.parent_path();
    for (const auto& folder : {bin_dir, prefix / "sbin", prefix / "bin"}) {
        if (::access((folder / program).c_str(), X_OK) == 0) {
            return true;
        }
    }
    return false;
}

Result<void> check_user(const AgentConfig& config) {
    if (::geteuid() == 0) {
        return fail(Errc::refused, config.database.engine +
                                       " does not run as root: start the agent as the database's "
                                       "user (for example: setpriv --reuid postgres --regid "
                                       "postgres --init-groups)");
    }
    return {};
}

} // namespace

Findings database_findings(const AgentConfig& config) {
    const auto identity = files_of(config);
    return is_postgres(config) ? postgres::config_findings(postgres_config(config, identity))
                               : mysql::config_findings(mysql_config(config, identity));
}

/// One finding, however many are missing: mostly the folder's name is wrong.
Findings program_findings(const AgentConfig& config) {
    std::string missing;
    for (const auto& program : programs_of(config)) {
        if (!is_there(config.database.bin_dir, program)) {
            missing += (missing.empty() ? "" : ", ") + program;
        }
    }
    if (missing.empty()) {
        return {};
    }
    return {refused("bin_dir",
                    config.database.bin_dir.string() +
                        " does not have what this user would run: " + missing,
                    "is it installed?")};
}

Findings unit_findings(const AgentConfig& config, const fs::path& units) {
    Findings found;
    const auto distribution = distribution_of(config);
    const bool same_data = (config.database.data_dir.string() + "/").starts_with(distribution.data);
    for (const auto& unit : distribution.units) {
        std::error_code trouble;
        const auto file = units / (unit + ".service");
        const bool wanted =
            fs::is_symlink(units / "multi-user.target.wants" / file.filename(), trouble);
        const bool masked = fs::read_symlink(file, trouble) == "/dev/null";
        const bool told = fs::exists(units / (unit + ".service.d") / "lockstep.conf", trouble) ||
                          fs::exists(units / (unit + "@.service.d") / "lockstep.conf", trouble);
        if (wanted && !masked && !told) {
            found.push_back({same_data ? Finding::Weight::refused : Finding::Weight::reported,
                             file.string(),
                             {},
                             "a boot or a package starts " + unit +
                                 ".service, which knows neither tickets nor standbys",
                             "systemctl disable --now " + unit + " && systemctl mask " + unit +
                                 ", or install deploy/systemd's drop-in for it"});
        }
    }
    return found;
}

bool server_runs(const AgentConfig& config) {
    asio::io_context unused;
    const auto driver = make_driver(unused.get_executor(), config, files_of(config));
    return driver->running_server().has_value();
}

Awaitable<Findings> examine_database(AgentConfig config, Deadline deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto identity = files_of(config);
    if (is_postgres(config)) {
        PostgresDriver driver(executor, postgres_config(config, identity));
        auto found = co_await driver.examine(deadline);
        driver.forget_server();
        co_return found;
    }
    MysqlDriver driver(executor, mysql_config(config, identity));
    auto found = co_await driver.examine(deadline);
    driver.forget_server();
    co_return found;
}

Result<void> check_database(const AgentConfig& config, const Identity& identity) {
    return is_postgres(config) ? postgres::check(postgres_config(config, identity))
                               : mysql::check(mysql_config(config, identity));
}

Result<void> check_installation(const AgentConfig& config) {
    if (auto user = check_user(config); !user) {
        return user;
    }
    std::string all;
    for (const auto& finding : program_findings(config)) {
        all += (all.empty() ? "" : "\n") + config.database.engine + "." + finding.key + ": " +
               in_a_line(finding);
    }
    return all.empty() ? Result<void>{} : fail(Errc::refused, all);
}

std::unique_ptr<Driver> make_driver(asio::any_io_executor executor, const AgentConfig& config,
                                    const Identity& identity) {
    return is_postgres(config)
               ? PostgresDriver::make(std::move(executor), postgres_config(config, identity))
               : MysqlDriver::make(std::move(executor), mysql_config(config, identity));
}

std::unique_ptr<SnapshotEngine> make_snapshot_engine(asio::any_io_executor executor,
                                                     const AgentConfig& config,
                                                     const Identity& identity) {
    return is_postgres(config)
               ? PostgresSnapshots::make(std::move(executor), postgres_config(config, identity))
               : MysqlSnapshots::make(std::move(executor), mysql_config(config, identity));
}

} // namespace lockstep
