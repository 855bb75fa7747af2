#include "agent/engines.h"

#include <vector>

#include <unistd.h>

#include "drivers/mysql/mysql_driver.h"
#include "drivers/postgres/postgres_driver.h"

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

Result<void> check_database(const AgentConfig& config, const Identity& identity) {
    return is_postgres(config) ? postgres::check(postgres_config(config, identity))
                               : mysql::check(mysql_config(config, identity));
}

Result<void> check_installation(const AgentConfig& config) {
    if (auto user = check_user(config); !user) {
        return user;
    }
    for (const auto& program : programs_of(config)) {
        if (!is_there(config.database.bin_dir, program)) {
            return fail(Errc::refused, config.database.engine + ".bin_dir: there is no program " +
                                           (config.database.bin_dir / program).string() +
                                           " that this user can run; is it installed?");
        }
    }
    return {};
}

std::unique_ptr<Driver> make_driver(asio::any_io_executor executor, const AgentConfig& config,
                                    const Identity& identity) {
    return is_postgres(config)
               ? PostgresDriver::make(std::move(executor), postgres_config(config, identity))
               : MysqlDriver::make(std::move(executor), mysql_config(config, identity));
}

} // namespace lockstep
