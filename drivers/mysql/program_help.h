#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/mysql/config.h"

/// What a server's program says of itself and of the user's settings when it is asked for help.
namespace lockstep::mysql {

struct ProgramHelp {
    std::string version;             // "10.11.19-MariaDB-0+deb12u1"
    std::set<std::string> variables; // As options are written: with `-`.
    std::string plugin_dir;
    std::vector<std::string> errors; // What it says to the user's values.
};

/// The output of `mysqld --defaults-file=… --verbose --help`, standard output and error together.
[[nodiscard]] ProgramHelp parse_program_help(std::string_view output);

/// The version, values that the program refuses, and settings that it does not know. Pure.
[[nodiscard]] Findings program_findings(const Config& config, const ProgramHelp& help);

/// The plugins that must be active in a server, by name; files of them are `<name>.so`.
struct Plugin {
    std::string_view name;
    std::string_view file;
};
[[nodiscard]] const std::vector<Plugin>& plugins_wanted(Flavour flavour);

} // namespace lockstep::mysql
