#include "drivers/mysql/program_help.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/mysql/flavour.h"
#include "drivers/mysql/option_file.h"

namespace lockstep::mysql {
namespace {

constexpr std::string_view error_mark = " [ERROR] ";

std::string version_in_line(std::string_view line) {
    constexpr std::string_view mark = "  Ver ";
    const auto at = line.find(mark);
    if (at == std::string_view::npos) {
        return {};
    }
    const auto rest = line.substr(at + mark.size());
    return std::string(rest.substr(0, rest.find(' ')));
}

/// "2026-11-25T23:50:25Z 0 [ERROR] [MY-000077] [Server] words": the words.
std::string words_of_error(std::string_view line) {
    auto rest = line.substr(line.find(error_mark) + error_mark.size());
    while (rest.starts_with('[') && rest.find("] ") != std::string_view::npos) {
        rest.remove_prefix(rest.find("] ") + 2);
    }
    const auto blank = rest.find(' ');
    if (rest.starts_with('/') && blank != std::string_view::npos && rest[blank - 1] == ':') {
        rest.remove_prefix(blank + 1); // The program's path.
    }
    return std::string(rest);
}

void take_variable(std::string_view line, ProgramHelp& help) {
    const auto name = line.substr(0, line.find(' '));
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string_view::npos) {
        return;
    }
    help.variables.insert(std::string(name));
    const auto value = line.find_last_of(' ');
    if (name == "plugin-dir" && value != std::string_view::npos) {
        help.plugin_dir = line.substr(value + 1);
    }
}

std::string as_option(std::string name) {
    std::ranges::replace(name, '_', '-');
    return name;
}

/// In quotation marks, as a server writes it: 'max-connections' or 'max_connections=3'.
bool speaks_of(const std::string& error, const std::string& name) {
    for (const auto& written : {name, as_option(name)}) {
        if (error.find("'" + written + "'") != std::string::npos ||
            error.find("'" + written + "=") != std::string::npos) {
            return true;
        }
    }
    return false;
}

/// The setting that a server's error is about; "settings" if it does not tell.
std::string key_of(const std::string& error, const Settings& settings) {
    for (const auto& [name, value] : settings) {
        if (speaks_of(error, name)) {
            return "settings." + name;
        }
    }
    return "settings";
}

bool is_told(const ProgramHelp& help, const std::string& name) {
    return std::ranges::any_of(help.errors,
                               [&name](const auto& error) { return speaks_of(error, name); });
}

bool knows(const ProgramHelp& help, const std::string& name) {
    const auto plain = as_option(plain_name(name));
    return help.variables.contains(plain) || help.variables.contains("skip-" + plain);
}

} // namespace

ProgramHelp parse_program_help(std::string_view output) {
    ProgramHelp help;
    bool in_table = false;
    while (!output.empty()) {
        const auto end = std::min(output.find('\n'), output.size());
        const auto line = output.substr(0, end);
        output.remove_prefix(std::min(end + 1, output.size()));
        if (line.find(error_mark) != std::string_view::npos) {
            help.errors.push_back(words_of_error(line));
            continue;
        }
        if (help.version.empty()) {
            help.version = version_in_line(line);
        }
        in_table = in_table || line.starts_with("Variables (--variable-name=value)");
        if (in_table) {
            take_variable(line, help);
        }
    }
    return help;
}

Findings program_findings(const Config& config, const ProgramHelp& help) {
    Findings found;
    const bool untold = help.version.empty() && !help.errors.empty(); // It stops at an error.
    if (auto good = check_version(config.flavour, help.version); !good && !untold) {
        found.push_back(refused("bin_dir", good.error().message,
                                "install a later version, or name the folder of one"));
    }
    for (const auto& error : help.errors) {
        found.push_back(
            refused(key_of(error, config.settings), error, "mend the value: it would not start"));
    }
    for (const auto& [name, value] : config.settings) {
        const bool loose = name.starts_with("loose");
        if (!help.variables.empty() && !loose && !knows(help, name) && !is_told(help, name)) {
            found.push_back({Finding::Weight::reported,
                             {},
                             "settings." + name,
                             fmt::format("{} is not known to {} {}, unless a plug-in brings it",
                                         name, words(config.flavour).product, help.version),
                             "mend the name, or remove it: a server does not start with one that "
                             "it does not know"});
        }
    }
    return found;
}

const std::vector<Plugin>& plugins_wanted(Flavour flavour) {
    static const std::vector<Plugin> mysql = {{"rpl_semi_sync_source", "semisync_source.so"},
                                              {"rpl_semi_sync_replica", "semisync_replica.so"},
                                              {"clone", "mysql_clone.so"},
                                              {"auth_socket", "auth_socket.so"}};
    static const std::vector<Plugin> mariadb; // All of it is built in.
    return flavour == Flavour::mysql ? mysql : mariadb;
}

} // namespace lockstep::mysql
