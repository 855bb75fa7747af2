#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "drivers/driver.h"
#include "drivers/postgres/config.h"

/// The text of everything that the agent writes for its server, and nothing but text.
namespace lockstep::postgres {

inline constexpr std::string_view superuser = "postgres";
inline constexpr std::string_view replication_role = "lockstep_replication";
/// On the data folder while it is being rewound (platform/files.h): what is there is worth nothing
/// yet.
inline constexpr const char* rewinding_mark = "lockstep.rewinding";

[[nodiscard]] std::filesystem::path ticket_path(const Config& config);
[[nodiscard]] std::filesystem::path hba_path(const Config& config);
[[nodiscard]] std::filesystem::path ident_path(const Config& config);

/// The settings that the ticket decides, with values as pg_settings shows them, for a server of
/// this major version.
[[nodiscard]] Settings managed_settings(const Config& config, const Ticket& ticket, int major);
/// The settings of a ticket by which a server can recover in single-user mode and never serve: a
/// postmaster started by it finds nothing to listen on, and ends. It keeps all of the log.
[[nodiscard]] Settings recovery_settings(const Config& config, int major);
/// All names that only the ticket may set, of every version.
[[nodiscard]] const std::set<std::string>& managed_names();

/// The ticket: the user's settings, then the managed ones, which win. `boot` says in which boot
/// of the machine it was written (DECISIONS.md 1).
[[nodiscard]] std::string render_ticket(const Config& config, const Settings& managed,
                                        const std::string& boot);
/// Whether a ticket was written in this boot.
[[nodiscard]] bool is_of_boot(std::string_view ticket, const std::string& boot);
/// Who may connect: the agent through the Unix socket, peers' streams and rewinds by certificate,
/// then, unless the door is shut, the user's own rules. Who is in no rule is rejected.
[[nodiscard]] std::string render_hba(const Config& config, Door door);
/// The door of a file that `render_hba` wrote. Shut stays shut until somebody opens it, so what
/// cannot be told is shut.
[[nodiscard]] Door door_in(std::string_view hba);
/// Which names of the system and of certificates stand for which role.
[[nodiscard]] std::string render_ident(const std::vector<Member>& peers,
                                       const std::string& system_user);

/// FIRST 1 ("name"), or nothing. And back: the name in such a value, empty if there is none.
[[nodiscard]] std::string synchronous_standby_names(const std::string& sync_name);
[[nodiscard]] std::string sync_name_in(std::string_view synchronous_standby_names);

/// The slot that `member` streams from on its upstream.
[[nodiscard]] std::string slot_name(const MemberId& member);

/// How `config.member` reaches `upstream` for replication under the name `application`: name and
/// value, in libpq's words.
[[nodiscard]] Settings replication_connection(const Config& config, const Member& upstream,
                                              const std::string& application);
/// How pg_rewind reaches `upstream`: the same role and certificate, in the database `postgres`.
[[nodiscard]] Settings rewind_connection(const Config& config, const Member& upstream);
/// As one connection string, every value quoted.
[[nodiscard]] std::string to_conninfo(const Settings& connection);
/// The value of `key` in a connection string as PostgreSQL prints it; empty without it.
[[nodiscard]] std::string conninfo_value(std::string_view conninfo, std::string_view key);

/// `postgresql.conf` with the ticket included as its last line, and nowhere else. Without the
/// ticket the server does not start: a missing include is fatal (F9).
[[nodiscard]] std::string with_ticket_included(std::string_view postgresql_conf,
                                               const std::filesystem::path& ticket);
/// A configuration file's text without the lines that set one of `names`.
[[nodiscard]] std::string without_settings(std::string_view text,
                                           const std::set<std::string>& names);
/// The settings of a text that `render_ticket` wrote; the last of a name wins.
[[nodiscard]] Settings parse_settings(std::string_view text);

} // namespace lockstep::postgres
