#include <spdlog/fmt/fmt.h>

#include "drivers/common/entries.h"
#include "drivers/common/small_files.h"
#include "drivers/mysql/data_note.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/marker.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/schema.h"
#include "platform/clock.h"
#include "platform/files.h"

/// A new database. All of it is made before there is a binary log, so that it leaves no GTID that a
/// standby would lack.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

std::string one_line(std::string text) {
    for (char& letter : text) {
        letter = letter == '\n' || letter == '\r' ? ' ' : letter;
    }
    return text;
}

/// Nobody but root and the agent's own account, both through the Unix socket alone.
std::vector<std::string> account_statements(mysql::Flavour flavour, const std::string& own) {
    std::vector<std::string> all = {"DROP DATABASE IF EXISTS test"};
    if (flavour == mysql::Flavour::mariadb) {
        all.emplace_back("DELETE FROM mysql.global_priv WHERE User = '' AND Host <> ''");
        all.emplace_back("DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> "
                         "'localhost'");
        all.emplace_back("FLUSH PRIVILEGES");
    }
    for (auto& statement : mysql::own_account_statements(flavour, own)) {
        all.push_back(std::move(statement));
    }
    // The installer leaves an account with every right that needs no password (MySQL).
    if (own != "root" && flavour == mysql::Flavour::mysql) {
        all.emplace_back("ALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket");
    }
    return all;
}

} // namespace

/// The engine's own tables.
Awaitable<Result<void>> MysqlDriver::install_tables(fs::path into, Deadline deadline) {
    const auto alone = alone_in(into);
    if (auto made = make_private_folder(alone.folder); !made) {
        co_return made;
    }
    const auto text = mysql::render_alone(config_, alone);
    if (auto written = replace_file(mysql::alone_file(alone), text, 0600); !written) {
        co_return tl::unexpected(written.error());
    }
    const auto options = "--defaults-file=" + mysql::alone_file(alone).string();
    const auto folder = "--datadir=" + into.string();
    auto command =
        config_.flavour == mysql::Flavour::mysql
            ? tool("mysqld", {options, "--initialize-insecure", folder})
            : tool("mariadb-install-db", {options, folder, "--skip-test-db", "--skip-name-resolve",
                                          "--auth-root-authentication-method=socket",
                                          "--auth-root-socket-user=" + mysql::own_account()});
    const auto name = fs::path(command.argv.front()).filename().string();
    std::function<void(std::string_view)> nobody;
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(nobody));
    if (!ran) {
        co_return within(name, ran.error());
    }
    co_return ran->exit_status == 0
        ? Result<void>{}
        : Result<void>(fail(Errc::refused, name + ": " + one_line(ran->output)));
}

Awaitable<Result<void>> MysqlDriver::make_database(fs::path into, std::string system_id,
                                                   Deadline deadline) {
    std::error_code error;
    fs::create_directory(into, error);
    if (error) {
        co_return fail(Errc::refused, fmt::format("create {}: {}", into.string(), error.message()));
    }
    auto where = into;
    const auto installed = co_await install_tables(std::move(where), deadline);
    if (!installed) {
        co_return installed;
    }
    auto statements = account_statements(config_.flavour, mysql::own_account());
    if (!system_id.empty()) {
        for (auto& statement : mysql::schema_statements(system_id)) {
            statements.push_back(std::move(statement));
        }
    }
    AloneWork work = [this, statements, deadline](Session::Ptr session) {
        return say_all(std::move(session), statements, deadline);
    };
    auto alone = alone_in(std::move(into));
    if (config_.flavour == mysql::Flavour::mysql) {
        alone.more.emplace_back("plugin_load_add", "auth_socket.so");
    }
    std::string user = config_.flavour == mysql::Flavour::mysql ? "root" : mysql::own_account();
    const auto ran =
        co_await run_alone(std::move(alone), std::move(user), std::move(work), deadline);
    co_return ran ? Result<void>{} : tl::unexpected(ran.error());
}

/// The last steps that make a filled folder this member's. Only then the marker goes.
Result<void> MysqlDriver::complete_folder(const mysql::DataNote& note) {
    const auto filling = filling_folder(config_.data_dir);
    std::error_code ignored;
    if (fs::exists(filling, ignored)) {
        if (auto moved = move_up(filling, config_.data_dir); !moved) {
            return moved;
        }
    }
    if (auto written = mysql::write_note(config_.data_dir, note); !written) {
        return written;
    }
    return remove_file_durably(config_.data_dir / incomplete_marker);
}

Awaitable<Result<void>> MysqlDriver::initialise(Deadline deadline) {
    const auto doing = "initialise " + config_.data_dir.string();
    const auto prepared = co_await prepare_folder(deadline);
    if (!prepared) {
        co_return within(doing, prepared.error());
    }
    mysql::DataNote note;
    note.system_id = random_hex(16);
    auto into = filling_folder(config_.data_dir);
    auto made = co_await make_database(std::move(into), note.system_id, deadline);
    if (made) {
        // It is a primary's from the beginning: nobody's standby.
        made = mysql::mark_primary(config_.data_dir);
    }
    if (made) {
        made = complete_folder(note);
    }
    if (made) {
        co_return made;
    }
    co_await undo_filling();
    co_return within(doing, made.error());
}

} // namespace lockstep
