#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/dump_pipe.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/schema.h"

/// MariaDB copies no server over its own protocol. Where mariadb-backup is installed beside both,
/// the donor's agent sends the files (copy_files.cpp). Else the copy is one consistent read of
/// everything over TLS, loaded into a server that nobody reaches; exact in its position, but
/// slower.
namespace lockstep {

namespace fs = std::filesystem;

Command MysqlDriver::dump_command(const Member& upstream, const fs::path& into) const {
    const auto peer = peer_connection(upstream);
    return tool("mariadb-dump", {"--no-defaults",
                                 "--host=" + peer.address,
                                 fmt::format("--port={}", peer.port),
                                 "--user=" + peer.user,
                                 "--protocol=tcp",
                                 "--ssl",
                                 "--ssl-ca=" + peer.tls.ca.string(),
                                 "--ssl-cert=" + peer.tls.certificate.string(),
                                 "--ssl-key=" + peer.tls.key.string(),
                                 "--ssl-verify-server-cert",
                                 "--all-databases",
                                 "--single-transaction",
                                 "--quick",
                                 "--gtid",
                                 "--master-data=1",
                                 "--routines",
                                 "--events",
                                 "--triggers",
                                 "--hex-blob",
                                 "--no-tablespaces",
                                 "--default-character-set=utf8mb4",
                                 "--max-allowed-packet=1G",
                                 "--ignore-table=mysql.gtid_slave_pos",
                                 "--result-file=" + into.string()});
}

Command MysqlDriver::load_command(const mysql::Alone& alone, const fs::path& from) const {
    return tool(mysql::words(config_.flavour).client,
                {"--no-defaults", "--socket=" + mysql::alone_socket(alone).string(),
                 "--user=" + mysql::own_account(), "--batch", "--default-character-set=utf8mb4",
                 "--max-allowed-packet=1G",
                 "--init-command=SET SESSION sql_log_bin = 0, SESSION foreign_key_checks = 0",
                 "--execute=source " + from.string()});
}

/// How much there is to copy, as the upstream estimates it. Errors: `unsupported` if what it dumps
/// is of another version's form.
Awaitable<Result<std::uint64_t>> MysqlDriver::ask_donor(Member upstream, std::string own_version,
                                                        Deadline deadline) {
    auto connection = peer_connection(upstream);
    constexpr std::chrono::seconds longest{60};
    const auto opened = co_await Session::open(executor_, std::move(connection), longest, deadline);
    if (!opened) {
        co_return tl::unexpected(opened.error());
    }
    const auto session = *opened;
    if (mysql::series_of(session->server_version()) != mysql::series_of(own_version)) {
        co_return fail(Errc::unsupported,
                       fmt::format("{} runs {}, this member {}: a dump needs the same series",
                                   upstream.id, session->server_version(), own_version));
    }
    std::string sql = "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables";
    const auto rows = co_await session->query(std::move(sql), deadline);
    co_return rows ? Result<std::uint64_t>(rows->empty() ? 0 : rows->number(0, 0))
                   : tl::unexpected(rows.error());
}

/// The standby's position is that of the copy, and its log begins there.
Awaitable<Result<mysql::DataNote>>
MysqlDriver::place_copy(Session::Ptr session, std::string position, Deadline deadline) {
    if (position.empty()) {
        co_return fail(Errc::refused, "the copy does not say at which GTID it was taken");
    }
    const auto quoted = mysql::quote(position);
    std::vector<std::string> statements = {"RESET MASTER",
                                           "SET GLOBAL gtid_binlog_state = " + quoted,
                                           "SET GLOBAL gtid_slave_pos = " + quoted};
    const auto placed = co_await say_all(session, std::move(statements), deadline);
    if (!placed) {
        co_return tl::unexpected(placed.error());
    }
    const auto system_id = co_await read_system_id(session, deadline);
    if (!system_id) {
        co_return tl::unexpected(system_id.error());
    }
    co_return mysql::DataNote{*system_id, {}, {}};
}

Awaitable<Result<void>> MysqlDriver::load_dump(Session::Ptr session, Member upstream,
                                               mysql::Alone alone, OnProgress on_progress,
                                               std::shared_ptr<mysql::DataNote> note,
                                               Deadline deadline) {
    auto own_version = session->server_version();
    const auto asked = co_await ask_donor(upstream, std::move(own_version), deadline);
    if (!asked) {
        co_return tl::unexpected(asked.error());
    }
    const auto total = *asked;
    mysql::PipedTools tools;
    tools.written = alone.folder / "dumped";
    tools.read = alone.folder / "loaded";
    tools.writer = dump_command(upstream, tools.written);
    tools.reader = load_command(alone, tools.read);
    tools.most_bytes_a_second = std::uint64_t{config_.rebuild_most_megabytes} << 20U;
    tools.on_bytes = [on_progress, total](std::uint64_t bytes) {
        if (on_progress) {
            on_progress({bytes, std::max(total, bytes)});
        }
    };
    const auto loaded = co_await mysql::run_piped(std::move(tools), deadline);
    if (!loaded) {
        co_return loaded;
    }
    std::string ask = "SELECT @@GLOBAL.gtid_slave_pos";
    const auto rows = co_await session->query(std::move(ask), deadline);
    if (!rows) {
        co_return tl::unexpected(rows.error());
    }
    auto position = rows->empty() ? std::string() : rows->text(0, 0);
    auto placed = co_await place_copy(std::move(session), std::move(position), deadline);
    if (!placed) {
        co_return tl::unexpected(placed.error());
    }
    *note = std::move(*placed);
    co_return Result<void>{};
}

Awaitable<Result<mysql::DataNote>> MysqlDriver::copy_by_dump(Member upstream, fs::path into,
                                                             OnProgress on_progress,
                                                             Deadline deadline) {
    std::string no_schema;
    auto where = into;
    auto made = co_await make_database(std::move(where), std::move(no_schema), deadline);
    if (!made) {
        co_return tl::unexpected(made.error());
    }
    auto alone = alone_in(std::move(into));
    alone.logs = true;
    // Until it is shut down cleanly the copy is worth nothing anyway.
    alone.more = {{"innodb_flush_log_at_trx_commit", "0"},
                  {"sync_binlog", "0"},
                  {"read_only", "OFF"},
                  {"gtid_strict_mode", "OFF"}};
    auto note = std::make_shared<mysql::DataNote>();
    AloneWork work = [this, upstream, alone, on_progress, note, deadline](Session::Ptr session) {
        return load_dump(std::move(session), upstream, alone, on_progress, note, deadline);
    };
    auto user = mysql::own_account();
    const auto ran =
        co_await run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    co_return ran ? Result<mysql::DataNote>(*note) : tl::unexpected(ran.error());
}

Awaitable<Result<mysql::DataNote>> MysqlDriver::copy_mariadb(Member upstream, fs::path into,
                                                             OnProgress on_progress,
                                                             Deadline deadline) {
    auto facts = copy_facts();
    auto choice = mysql::choose_copy(facts);
    FileCopyPtr files;
    if (choice.by == mysql::CopyBy::files) {
        auto asked = co_await ask_for_files(upstream, deadline);
        if (!asked) {
            co_return tl::unexpected(asked.error());
        }
        files = std::move(*asked);
        facts.asked = true;
        facts.hindrance = files->hindrance;
        choice = mysql::choose_copy(facts);
    }
    const auto how = choice.by == mysql::CopyBy::files
                         ? std::string("by mariadb-backup")
                         : fmt::format("by mariadb-dump, which is slower ({})", choice.why);
    OnProgress tell = [on_progress, how](Progress progress) {
        if (on_progress) {
            progress.how = how;
            on_progress(std::move(progress));
        }
    };
    tell({});
    Result<mysql::DataNote> copied;
    if (choice.by == mysql::CopyBy::files) {
        copied =
            co_await copy_by_files(std::move(files), std::move(into), std::move(tell), deadline);
    } else {
        files.reset();
        copied =
            co_await copy_by_dump(std::move(upstream), std::move(into), std::move(tell), deadline);
    }
    co_return copied;
}

} // namespace lockstep
