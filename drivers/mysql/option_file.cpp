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
constexpr std::string_view open_line = "# door open\n";
constexpr std::string_view shut_line = "# door shut\n";

std::string lines_of(const Settings& settings) {
    std::string text;
    for (const auto& [name, value] : settings) {
        text += option_line(name, value);
    }
    return text;
}

/// Where the server lives and listens.
Settings access_settings(const Config& config) {
    return {{"port", std::to_string(config.port)},
            {"bind_address", config.address},
            {"socket", socket_path(config).string()},
            {"pid_file", pid_file(config).string()},
            {"ssl_ca", config.tls.ca.string()},
            {"ssl_cert", config.tls.certificate.string()},
            {"ssl_key", config.tls.key.string()},
            {"report_host", config.member},
            {"skip_name_resolve", "ON"}};
}

/// The variables of these plugins are there only if the plugins are.
Settings plugin_settings(const Config& config) {
    if (config.flavour == Flavour::mariadb) {
        return {};
    }
    return {{"plugin_load_add", "semisync_source.so"},
            {"plugin_load_add", "semisync_replica.so"},
            {"plugin_load_add", "mysql_clone.so"},
            {"plugin_load_add", "auth_socket.so"}};
}

/// What is on or off as a variable and names files as an option.
Settings log_settings() {
    return {{"log_bin", "binlog"}, {"relay_log", "relay"}};
}

Settings fixed_settings(const Config& config) {
    Settings settings = log_settings();
    for (const auto& managed : standing_settings(config)) {
        if (managed.variable != "log_bin") {
            settings.emplace_back(managed.variable, managed.value);
        }
    }
    if (config.flavour == Flavour::mysql) {
        settings.emplace_back("skip_replica_start", "ON");
        settings.emplace_back("mysqlx", "OFF");
        // SET PERSIST comes after every option file, so that it would undo the ticket.
        settings.emplace_back("persisted_globals_load", "OFF");
    } else {
        settings.emplace_back("skip_slave_start", "ON");
    }
    return settings;
}

Settings decided_settings(const Config& config, const Ticket& ticket) {
    Settings settings;
    for (const auto& managed : ticket_settings(config, ticket)) {
        settings.emplace_back(managed.variable, managed.value);
    }
    const auto door = door_setting(config.flavour, ticket.door);
    std::erase_if(settings, [&door](const auto& one) { return one.first == door.first; });
    settings.push_back(door);
    return settings;
}

void append(Settings& to, const Settings& more) {
    to.insert(to.end(), more.begin(), more.end());
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
    return fmt::format("{} = {}{}{}\n", name, quote, escaped, quote);
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
    Settings ours = access_settings(config);
    append(ours, plugin_settings(config));
    append(ours, fixed_settings(config));
    append(ours, decided_settings(config, ticket));
    return fmt::format("{}{}{}\n{}[mysqld]\n# The user's settings, from the agent's "
                       "configuration:\n{}# Lockstep's settings:\n{}",
                       written_by, boot_line, boot,
                       ticket.door == Door::open ? open_line : shut_line, lines_of(config.settings),
                       lines_of(ours));
}

bool is_of_boot(std::string_view ticket, const std::string& boot) {
    return ticket.find(fmt::format("\n{}{}\n", boot_line, boot)) != std::string_view::npos;
}

Door door_in(std::string_view ticket) {
    return ticket.find(fmt::format("\n{}", open_line)) == std::string_view::npos ? Door::shut
                                                                                 : Door::open;
}

std::string render_alone(const Config& config, const Alone& alone) {
    // A tool that makes a database knows fewer settings than a server: unknown ones are passed over.
    Settings settings;
    for (const auto& [name, value] : config.settings) {
        settings.emplace_back(name.starts_with("loose") ? name : "loose_" + name, value);
    }
    append(settings, {{"datadir", alone.data_dir.string()},
                      {"socket", alone_socket(alone).string()},
                      {"pid_file", (alone.folder / "pid").string()},
                      {"skip_networking", "ON"},
                      {"skip_name_resolve", "ON"}});
    if (alone.logs) {
        append(settings, plugin_settings(config));
        append(settings, fixed_settings(config));
        append(settings, decided_settings(config, Ticket{}));
    } else {
        settings.emplace_back("skip_log_bin", "ON");
    }
    append(settings, alone.more);
    return fmt::format("{}[mysqld]\n{}", written_by, lines_of(settings));
}

} // namespace lockstep::mysql
