#pragma once

#include <filesystem>
#include <string>

#include "cli/exit_status.h"
#include "cli/terminal.h"
#include "platform/config.h"

namespace lockstep::cli {

/// Whom to speak to, and as whom.
struct Settings {
    HostPort controller;
    std::filesystem::path identity; // A folder with ca.pem, operator.pem and operator.key.
};

/// As given on the command line; empty: not given.
struct GivenSettings {
    std::string controller;
    std::string identity;
};

/// The command line counts first, then LOCKSTEP_CONTROLLER and LOCKSTEP_IDENTITY, then
/// $XDG_CONFIG_HOME/lockstep/cli.toml (~/.config without that variable), then `system_file`.
/// Failures: nothing says who the controller is; a mistake in a file, with line and column.
[[nodiscard]] Answer<Settings> find_settings(const GivenSettings& given, const Variables& variables,
                                             const std::filesystem::path& system_file);

} // namespace lockstep::cli
