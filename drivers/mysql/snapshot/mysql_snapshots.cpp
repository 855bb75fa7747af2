#include "drivers/mysql/snapshot/mysql_snapshots.h"

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/copier.h"
#include "drivers/mysql/snapshot/log_place.h"

namespace lockstep {

namespace {

constexpr std::chrono::seconds longest_answer{12 * 3600}; // CHECK TABLE of a large table.

} // namespace

std::unique_ptr<SnapshotEngine> MysqlSnapshots::make(asio::any_io_executor executor,
                                                     MysqlConfig config) {
    return std::make_unique<MysqlSnapshots>(std::move(executor), std::move(config));
}

MysqlSnapshots::MysqlSnapshots(asio::any_io_executor executor, MysqlConfig config)
    : executor_(executor), config_(config), driver_(std::move(executor), std::move(config)) {
    config_ = driver_.config_; // There its folders are absolute.
}

Awaitable<Result<MysqlSnapshots::Session::Ptr>> MysqlSnapshots::open(Deadline deadline) {
    auto connection = driver_.local_connection();
    co_return co_await Session::open(executor_, std::move(connection), longest_answer, deadline);
}

Awaitable<Result<MysqlSnapshots::Identity>> MysqlSnapshots::identify(Session::Ptr session,
                                                                     Deadline deadline) {
    const auto seen = co_await driver_.look(session, deadline);
    if (!seen) {
        co_return tl::unexpected(seen.error());
    }
    if (!seen->place.trouble.empty()) {
        co_return fail(Errc::unreachable, seen->place.trouble);
    }
    auto system_id = co_await driver_.read_system_id(session, deadline);
    std::string ask = "SELECT UNIX_TIMESTAMP(), @@GLOBAL.max_binlog_size";
    const auto clock = co_await session->query(std::move(ask), deadline);
    if (!system_id || !clock) {
        co_return tl::unexpected(system_id ? clock.error() : system_id.error());
    }
    Identity identity;
    identity.version = seen->version.substr(0, seen->version.find('-'));
    identity.system_id = std::move(*system_id);
    identity.descent = seen->descent;
    identity.place = mysql::place_after(seen->logged);
    identity.unix_s = static_cast<std::int64_t>(clock->number(0, 0));
    identity.largest_file_bytes = clock->number(0, 1);
    co_return identity;
}

Awaitable<Result<MysqlSnapshots::Identity>> MysqlSnapshots::identify_server(Deadline deadline) {
    const auto session = co_await open(deadline);
    if (!session) {
        co_return tl::unexpected(session.error());
    }
    auto identity = co_await identify(*session, deadline);
    (*session)->close();
    co_return identity;
}

/// Errors: `refused`, naming the program and its package.
Awaitable<Result<std::string>> MysqlSnapshots::version_of(std::string program, Deadline deadline) {
    auto command = driver_.tool(program, {"--version"});
    const auto path = command.argv.front();
    const auto told = co_await run_tool(std::move(command), deadline);
    if (told && told->exit_status == 0) {
        co_return mysql::last_words_of(told->output);
    }
    const bool is_mysql = config_.flavour == mysql::Flavour::mysql;
    co_return fail(Errc::refused,
                   fmt::format("{} does not run ({}); it is in the package {}", path,
                               told ? mysql::last_words_of(told->output) : told.error().message,
                               is_mysql                   ? "mysql-community-server"
                               : program == word().copier ? "mariadb-backup"
                                                          : "mariadb-server"));
}

Awaitable<Result<SnapshotAbilities>> MysqlSnapshots::abilities(Deadline deadline) {
    SnapshotAbilities abilities;
    for (const auto name : {word().copier, word().server, word().log_decoder}) {
        std::string program(name);
        if (program.empty()) {
            continue; // The server clones itself.
        }
        const auto version = co_await version_of(std::move(program), deadline);
        if (!version) {
            co_return tl::unexpected(version.error());
        }
        if (abilities.tool.empty()) {
            abilities.tool = *version;
        }
    }
    abilities.by_time = true;
    abilities.by_position = true;
    abilities.by_transaction = true;
    co_return abilities;
}

Awaitable<Result<std::vector<HistoryFork>>> MysqlSnapshots::forks(Deadline deadline) {
    const auto identity = co_await identify_server(deadline);
    if (!identity) {
        co_return within("ask for the server's histories", identity.error());
    }
    co_return mysql::forks_of(identity->descent);
}

} // namespace lockstep
