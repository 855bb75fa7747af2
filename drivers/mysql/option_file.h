#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/door.h"
#include "drivers/driver.h"
#include "drivers/mysql/config.h"

/// The text of everything that the agent writes for its server, and nothing but text.
namespace lockstep::mysql {

/// The ticket's place: a symbolic link to the ticket's folder. Gone, the server's option file leads
/// nowhere, and that is fatal for a server (a missing file to include would not be).
[[nodiscard]] std::filesystem::path ticket_link(const Config& config);
[[nodiscard]] std::filesystem::path ticket_folder(const Config& config);
[[nodiscard]] std::filesystem::path ticket_file(const Config& config);
/// In the data folder: what the server is started with. It says where the ticket lies.
[[nodiscard]] std::filesystem::path option_file(const Config& config);
/// Where the server listens for its own agent and for local clients.
[[nodiscard]] std::filesystem::path socket_path(const Config& config);
[[nodiscard]] std::filesystem::path pid_file(const Config& config);
/// The binary log's index.
[[nodiscard]] std::filesystem::path log_index(const Config& config);

/// What starts a server: the data folder, and the ticket, without which it is worth nothing.
[[nodiscard]] std::string render_option_file(const Config& config);

/// `boot` says in which boot of the machine it was written (DECISIONS.md 1).
[[nodiscard]] std::string render_ticket(const Config& config, const Ticket& ticket,
                                        const std::string& boot);
/// Whether a ticket was written in this boot.
[[nodiscard]] bool is_of_boot(std::string_view ticket, const std::string& boot);
/// What cannot be told is shut.
[[nodiscard]] Door door_in(std::string_view ticket);

/// How a server that only works on its own data, and nobody but the agent reaches, is to be run.
struct Alone {
    std::filesystem::path data_dir;
    std::filesystem::path folder; // For its socket, and this very file; nobody else may enter it.
    bool logs = false;            // Has a binary log, and global ids.
    Settings more;
};
[[nodiscard]] std::string render_alone(const Config& config, const Alone& alone);
[[nodiscard]] std::filesystem::path alone_socket(const Alone& alone);
[[nodiscard]] std::filesystem::path alone_file(const Alone& alone);

/// `name="value"`
[[nodiscard]] std::string option_line(std::string_view name, std::string_view value);

/// Lower case, `_` for `-`, without the prefixes that say how a setting is set: `loose-`, `skip-`,
/// `enable-`, `disable-`, `maximum-`.
[[nodiscard]] std::string plain_name(std::string_view name);

} // namespace lockstep::mysql
