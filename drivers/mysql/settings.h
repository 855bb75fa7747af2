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
};

/// What holds whatever the ticket says: GTIDs, row format, durable logs, no start of replication
/// by itself.
[[nodiscard]] std::vector<Managed> standing_settings(const Config& config);
/// What the ticket decides: read_only and the wait (the door: door.h). Only dynamic ones.
[[nodiscard]] std::vector<Managed> ticket_settings(const Config& config, const Ticket& ticket);
/// The same for a member wherever it is, and another for every other member.
[[nodiscard]] std::uint32_t server_id_of(const MemberId& member);
/// All names that only Lockstep may set, with `-` as `_`, and without prefixes such as loose_.
[[nodiscard]] const std::set<std::string>& managed_names(Flavour flavour);

} // namespace lockstep::mysql
