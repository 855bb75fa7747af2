#include "drivers/mysql/option_file.h"

#include <algorithm>
#include <cctype>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/door.h"
#include "drivers/mysql/settings.h"

namespace lockstep::mysql {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view written_by =
    "# Written by Lockstep's agent before each start; edits are overwritten.\n";
constexpr std::string_view boot_line = "# boot ";
constexpr const char* open_line = "# door open\n";
constexpr const char* shut_line = "# door shut\n";

std::string lines_of(const Settings& settings) {
    std::string text;
    for (const auto& [name, value] : settings) {
        text += option_line(name, value);
    }
    return text;
}

std::string lines_of(const std::vector<Managed>& settings) {
    std::string text;
    for (const auto& setting : settings) {
        // On or off as a variable, but as an option it names the files.
        text +=
            option_line(setting.variable, setting.variable == "log_bin" ? "binlog" : setting.value);
    }
    return text;
}

/// Where the server lives and listens.
Settings access_settings(const Config& config) {
    return {{"bind_address", config.address},         {"port", std::to_string(config.port)},
            {"socket", socket_path(config).string()}, {"pid_file", pid_file(config).string()},
            {"ssl_ca", config.tls.ca.string()},       {"ssl_cert", config.tls.certificate.string()},
            {"ssl_key", config.tls.key.string()},     {"report_host", config.member}};
}

/// What a user may choose otherwise. MySQL's own default is a folder that its package makes;
/// MariaDB replays one commit at a time by its own default, each with its flushes, and so more
/// slowly than its primary writes: here those replay together that were committed together. A log
/// file is archived when the next one begins (snapshots).
std::string default_lines(const Config& config) {
    const std::string both = "max_binlog_size=67108864\n";
    return config.flavour == Flavour::mysql
               ? both + "secure_file_priv=NULL\n"
               : both + "slave_parallel_threads=4\nslave_parallel_mode=conservative\n";
}

/// What has no variable to be looked at, or none that changes.
std::string option_lines(const Config& config) {
    if (config.flavour == Flavour::mariadb) {
        return "relay_log=relay\nskip_slave_start\nskip_name_resolve\n";
    }
    // The variables of plugins are there only if the plugins are. SET PERSIST comes after every
    // option file: loaded, it would undo the ticket.
    return "plugin_load_add=semisync_source.so\nplugin_load_add=semisync_replica.so\n"
           "plugin_load_add=mysql_clone.so\nplugin_load_add=auth_socket.so\nloose_mysqlx=OFF\n"
           "persisted_globals_load=OFF\nrelay_log=relay\nskip_replica_start\n"
           "skip_name_resolve\n";
}

} // namespace

fs::path ticket_link(const Config& config) {
    return config.run_dir / (config.member + ".d");
}
fs::path ticket_folder(const Config& config) {
    return config.run_dir / (config.member + ".ticket");
}
fs::path ticket_file(const Config& config) {
    return ticket_folder(config) / "ticket.cnf";
}
fs::path option_file(const Config& config) {
    return config.data_dir / "lockstep.cnf";
}
fs::path socket_path(const Config& config) {
    return config.run_dir / (config.member + ".sock");
}
fs::path pid_file(const Config& config) {
    return config.data_dir / "lockstep.pid";
}
fs::path log_index(const Config& config) {
    return config.data_dir / "binlog.index";
}
fs::path alone_socket(const Alone& alone) {
    return alone.folder / "s";
}
fs::path alone_file(const Alone& alone) {
    return alone.folder / "alone.cnf";
}

std::string option_line(std::string_view name, std::string_view value) {
    std::string escaped;
    for (const char letter : value) {
        escaped += letter == '\\' ? "\\\\" : std::string(1, letter);
    }
    const auto quote = value.find('"') == std::string_view::npos ? '"' : '\'';
    return fmt::format("{}={}{}{}\n", name, quote, escaped, quote);
}

std::string plain_name(std::string_view name) {
    std::string plain(name);
    std::ranges::transform(plain, plain.begin(), [](unsigned char letter) {
        return letter == '-' ? '_' : static_cast<char>(std::tolower(letter));
    });
    for (const std::string_view prefix : {"loose_", "maximum_", "skip_", "enable_", "disable_"}) {
        if (plain.starts_with(prefix)) {
            plain.erase(0, prefix.size());
        }
    }
    return plain;
}

std::string render_option_file(const Config& config) {
    return fmt::format(
        "{}# The server starts only with the agent's ticket, which lies in the folder below.\n"
        "[mysqld]\n{}!includedir {}\n",
        written_by, option_line("datadir", config.data_dir.string()), ticket_link(config).string());
}

std::string render_ticket(const Config& config, const Ticket& ticket, const std::string& boot) {
    const auto* const door = ticket.door == Door::open ? open_line : shut_line;
    auto text = fmt::format("{}{}{}\n{}[mysqld]\n# The user's settings, from the agent's "
                            "configuration:\n{}{}# Lockstep's settings:\n{}",
                            written_by, boot_line, boot, door, default_lines(config),
                            lines_of(config.settings), lines_of(access_settings(config)));
    text += option_lines(config);
    text += lines_of(standing_settings(config));
    text += lines_of(ticket_settings(config, ticket));
    const auto shut = door_setting(config.flavour, ticket.door);
    return text + option_line(shut.first, shut.second);
}

bool is_of_boot(std::string_view ticket, const std::string& boot) {
    return ticket.find(fmt::format("\n{}{}\n", boot_line, boot)) != std::string_view::npos;
}

Door door_in(std::string_view ticket) {
    return ticket.find(fmt::format("\n{}", open_line)) == std::string_view::npos ? Door::shut
                                                                                 : Door::open;
}

std::string render_alone(const Config& config, const Alone& alone) {
    auto text = fmt::format("{}[mysqld]\n{}", written_by, default_lines(config));
    // A tool that makes a database knows fewer settings than a server: unknown ones are passed
    // over.
    for (const auto& [name, value] : config.settings) {
        text += option_line(name.starts_with("loose") ? name : "loose_" + name, value);
    }
    if (alone.logs) {
        text += option_lines(config);
        text += lines_of(standing_settings(config));
        text += lines_of(ticket_settings(config, Ticket{}));
    }
    const Settings ours = {{"datadir", alone.data_dir.string()},
                           {"socket", alone_socket(alone).string()},
                           {"pid_file", (alone.folder / "pid").string()}};
    text += lines_of(ours) + "skip_networking\nevent_scheduler=OFF\nloose_mysqlx=OFF\n";
    return text + (alone.logs ? "" : "skip_log_bin\nskip_name_resolve\n") + lines_of(alone.more);
}

} // namespace lockstep::mysql
