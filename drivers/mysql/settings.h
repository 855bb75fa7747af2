#pragma once

#include <set>
#include <string>
#include <vector>

#include "drivers/driver.h"
#include "drivers/mysql/config.h"

/// Which settings Lockstep decides, with values as the server's variables show them. One list for
/// the option file that starts a server and for the look at a running one.
namespace lockstep::mysql {

struct Managed {
    std::string variable; // As SHOW GLOBAL VARIABLES names it.
    std::string value;    // As it shows it: ON, OFF, a number, a word.
    bool dynamic = false; // SET GLOBAL changes it in a running server.
    bool promise = false; // R13: without it a commit may be acknowledged that the standby lacks.
    std::string option;   // The option file's line, where it is not `variable=value`.
};

/// What holds whatever the ticket says: GTIDs, row format, durable logs, no start of replication
/// by itself.
[[nodiscard]] std::vector<Managed> standing_settings(const Config& config);
/// What the ticket decides: read_only, the wait, the door. Only dynamic ones.
[[nodiscard]] std::vector<Managed> ticket_settings(const Config& config, const Ticket& ticket);
/// The line of the option file.
[[nodiscard]] std::string option_line(const Managed& setting);
[[nodiscard]] std::filesystem::path socket_path(const Config& config);
/// The same for a member wherever it is, and another for every other member.
[[nodiscard]] std::uint32_t server_id_of(const MemberId& member);
/// MariaDB's door: an init_connect that refuses. CONNECTION ADMIN and SUPER pass.
inline constexpr std::string_view shut_door_sql =
    "SIGNAL SQLSTATE '08004' SET MESSAGE_TEXT = 'Lockstep keeps this door shut'";
/// All names that only Lockstep may set, with `-` as `_`, and without prefixes such as loose_.
[[nodiscard]] const std::set<std::string>& managed_names(Flavour flavour);

} // namespace lockstep::mysql
