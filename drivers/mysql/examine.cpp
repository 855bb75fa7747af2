#include <charconv>

#include <spdlog/fmt/fmt.h>

#include "drivers/common/scratch_folder.h"
#include "drivers/common/small_files.h"
#include "drivers/mysql/flavour.h"
#include "drivers/mysql/mysql_driver.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/program_help.h"
#include "platform/files.h"

/// What an operator is told before an agent is trusted with a database: the checklist of the
/// engine, looked at on the programs and the running server.
namespace lockstep {

namespace fs = std::filesystem;

namespace {

/// Servers of these engines on this machine whose data lies elsewhere.
std::vector<pid_t> other_servers(const fs::path& data_dir) {
    std::vector<pid_t> found;
    std::error_code trouble;
    for (const auto& entry : fs::directory_iterator("/proc", trouble)) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        const auto comm = parsed.ec == std::errc{} ? read_file(entry.path() / "comm").value_or("")
                                                   : std::string{};
        if (comm != "mariadbd\n" && comm != "mysqld\n") {
            continue;
        }
        const auto works_in = fs::read_symlink(entry.path() / "cwd", trouble);
        if (works_in != data_dir) {
            found.push_back(pid);
        }
    }
    return found;
}

bool sets(const mysql::Settings& settings, std::string_view wanted) {
    for (const auto& [name, value] : settings) {
        if (mysql::plain_name(name) == wanted) {
            return true;
        }
    }
    return false;
}

/// A server that starts removes the temporary tables that it finds in its tmpdir.
void look_for_shared_tmpdir(const MysqlConfig& config, Findings& out) {
    const auto others = other_servers(config.data_dir);
    if (!sets(config.settings, "tmpdir") && !others.empty()) {
        out.push_back(
            {Finding::Weight::reported,
             {},
             "settings",
             fmt::format("another server runs on this machine (process {}), and no tmpdir "
                         "is set: one that starts removes the other's temporary tables",
                         others.front()),
             "set tmpdir to a folder of this server's own"});
    }
}

/// SET PERSIST comes after every option file and would undo the ticket, so it is not loaded.
void look_for_persisted(const MysqlConfig& config, Findings& out) {
    const auto file = config.data_dir / "mysqld-auto.cnf";
    const auto text = read_file(file).value_or("");
    if (config.flavour == mysql::Flavour::mysql && text.find("\"Value\"") != std::string::npos) {
        out.push_back({Finding::Weight::reported, file.string(), "",
                       "SET PERSIST left settings there, which are not loaded",
                       "put what you need of them into the agent's file, and RESET PERSIST"});
    }
}

} // namespace

Awaitable<Findings> MysqlDriver::examine_program(Deadline deadline) {
    Findings found;
    const auto server = program(word().server);
    std::error_code gone;
    if (!fs::exists(server, gone)) {
        co_return found; // Whoever asks has seen that.
    }
    const auto scratch = ScratchFolder::make();
    const auto file = scratch ? scratch->path() / "settings.cnf" : fs::path{};
    std::string text = "[mysqld]\n";
    for (const auto& [name, value] : config_.settings) {
        text += mysql::option_line(name, value);
    }
    const auto written =
        scratch ? replace_file(file, text, 0600) : Result<bool>(tl::unexpected(scratch.error()));
    if (!written) {
        found.push_back(refused("", written.error().message, "make room, or set TMPDIR"));
        co_return found;
    }
    auto command = tool(word().server, {"--defaults-file=" + file.string(), "--verbose", "--help"});
    const auto output = std::make_shared<std::string>();
    std::function<void(std::string_view)> on_line = [output](std::string_view line) {
        output->append(line).append("\n");
    };
    const auto ran = co_await run_tool(std::move(command), deadline, std::move(on_line));
    if (!ran) {
        found.push_back(refused("bin_dir", server.string() + ": " + ran.error().message,
                                "see that this user can run it"));
        co_return found;
    }
    const auto help = mysql::parse_program_help(*output);
    found = mysql::program_findings(config_, help);
    for (const auto& plugin : mysql::plugins_wanted(config_.flavour)) {
        const auto at = fs::path(help.plugin_dir) / plugin.file;
        if (!help.plugin_dir.empty() && !fs::exists(at, gone)) {
            found.push_back(refused("bin_dir", "the plug-in " + at.string() + " is not there",
                                    "install the server's package with its plug-ins"));
        }
    }
    co_return found;
}

Awaitable<Findings> MysqlDriver::examine_plugins(Session::Ptr session, Deadline deadline) {
    Findings found;
    std::string sql = "SELECT PLUGIN_NAME FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = "
                      "'ACTIVE'";
    const auto rows = co_await session->query(std::move(sql), deadline);
    if (!rows) {
        found.push_back(refused("", "its plug-ins cannot be listed: " + rows.error().message,
                                "see the server's log"));
        co_return found;
    }
    std::set<std::string> active;
    for (std::size_t row = 0; row < rows->size(); ++row) {
        active.insert(rows->text(row, 0));
    }
    for (const auto& plugin : mysql::plugins_wanted(config_.flavour)) {
        if (!active.contains(std::string(plugin.name))) {
            found.push_back(refused("", fmt::format("the plug-in {} is not active", plugin.name),
                                    "let its agent start it again; if that does not help, see "
                                    "the server's log"));
        }
    }
    co_return found;
}

/// Not by observe(), which notes on disk what it saw: that is for the agent alone.
Awaitable<Findings> MysqlDriver::examine_settings(Session::Ptr session, Deadline deadline) {
    Findings found;
    std::string sql = "SELECT @@global.read_only";
    const auto locked = co_await session->query(std::move(sql), deadline);
    const bool standby = locked && locked->text(0, 0) == "1";
    const auto report = co_await look_at_settings(session, standby, deadline);
    if (!locked || !report) {
        const auto& error = locked ? report.error() : locked.error();
        found.push_back(
            refused("", "its settings cannot be read: " + error.message, "see the server's log"));
        co_return found;
    }
    if (!report->lowered.empty()) {
        found.push_back(
            refused("", "RPO 0 is not in force: " + report->lowered,
                    "undo it; while a standby is in sync the agent narrows the record"));
    }
    if (!report->unfit.empty()) {
        found.push_back(refused("", "it cannot be in sync: " + report->unfit,
                                "its agent sets back what a running server takes; for the rest "
                                "let the agent start it again"));
    }
    co_return found;
}

Awaitable<Findings> MysqlDriver::examine_server(Deadline deadline) {
    Findings found;
    const auto process = running_server();
    if (!process) {
        co_return found;
    }
    const auto opened = co_await watch_session(deadline);
    if (!opened) {
        found.push_back(refused(
            "",
            fmt::format("process {} runs on {} and does not answer through {}: {}", process->pid,
                        config_.data_dir.string(), mysql::socket_path(config_).string(),
                        opened.error().message),
            "run this as the agent's user; if no agent started that server, stop it and mask its "
            "unit"));
        co_return found;
    }
    const auto session = *opened;
    const auto settings = co_await examine_settings(session, deadline);
    found.insert(found.end(), settings.begin(), settings.end());
    const auto bypasses = co_await find_bypasses(session, deadline);
    if (bypasses) {
        found.insert(found.end(), bypasses->begin(), bypasses->end());
    } else {
        found.push_back(refused("", "accounts and tables: " + bypasses.error().message,
                                "see the server's log"));
    }
    const auto plugins = co_await examine_plugins(session, deadline);
    found.insert(found.end(), plugins.begin(), plugins.end());
    for (auto& finding : found) {
        finding.place = fmt::format("the server at {}:{}", config_.address, config_.port);
    }
    co_return found;
}

void MysqlDriver::look_for_copier(Findings& out) const {
    const auto facts = copy_facts();
    const auto choice = mysql::choose_copy(facts);
    if (!is_mysql() && choice.by == mysql::CopyBy::dump) {
        out.push_back({Finding::Weight::reported,
                       {},
                       facts.missing_here.empty() ? "settings" : "bin_dir",
                       "a standby is rebuilt by a dump, which takes longer: " + choice.why,
                       facts.missing_here.empty() ? "leave that setting out"
                                                  : "install the package mariadb-backup"});
    }
}

Awaitable<Findings> MysqlDriver::examine(Deadline deadline) {
    auto found = co_await examine_program(deadline);
    look_for_shared_tmpdir(config_, found);
    look_for_persisted(config_, found);
    look_for_copier(found);
    const auto of_server = co_await examine_server(deadline);
    found.insert(found.end(), of_server.begin(), of_server.end());
    co_return found;
}

} // namespace lockstep
