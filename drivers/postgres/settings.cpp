#include <algorithm>
#include <charconv>

#include <sys/un.h>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"
#include "drivers/postgres/ticket.h"

namespace lockstep::postgres {
namespace {

/// Set on the command line, by the driver, or not to be set by hand at all.
const std::set<std::string>& reserved_names() {
    static const std::set<std::string> names = {"data_directory",    "config_file",
                                                "external_pid_file", "include",
                                                "include_dir",       "include_if_exists"};
    return names;
}

/// Empty, always: each of them can end or divert a standby's recovery, so that it promotes
/// itself, stops replaying, or replays something other than what it streamed (F5, F21).
constexpr std::array recovery_hazards = {"recovery_target",      "recovery_target_name",
                                         "recovery_target_time", "recovery_target_xid",
                                         "recovery_target_lsn",  "restore_command",
                                         "recovery_end_command", "archive_cleanup_command"};

std::string wal_level(const Config& config) {
    for (const auto& [name, value] : config.settings) {
        if (name == "wal_level" && value == "logical") {
            return value;
        }
    }
    return "replica";
}

void add_access(const Config& config, Settings& out) {
    out.insert(out.end(), {
                              {"listen_addresses", config.address},
                              {"port", std::to_string(config.port)},
                              {"unix_socket_directories", config.run_dir.string()},
                              {"hba_file", hba_path(config).string()},
                              {"ident_file", ident_path(config).string()},
                              {"ssl", "on"},
                              {"ssl_ca_file", config.tls.ca.string()},
                              {"ssl_cert_file", config.tls.certificate.string()},
                              {"ssl_key_file", config.tls.key.string()},
                              {"cluster_name", config.member},
                              // The agent's sessions must get in when clients took all others.
                              {"superuser_reserved_connections", "10"},
                              {"lc_messages", "C"}, // The driver reads a few of them.
                              {"logging_collector", "off"},
                              {"log_line_prefix", "%m [%p] %q%u@%d/%a "},
                          });
}

void add_durability(const Config& config, Settings& out) {
    out.insert(out.end(),
               {
                   {"wal_level", wal_level(config)},
                   {"fsync", "on"},
                   {"full_page_writes", "on"},
                   {"wal_log_hints", "on"},
                   {"synchronous_commit", "on"},
                   {"restart_after_crash", "off"}, // The agent decides what follows a crash.
                   {"hot_standby", "on"},
                   {"hot_standby_feedback", "on"},
                   {"max_wal_senders", "20"},
                   {"max_replication_slots", "20"},
                   {"wal_keep_size", std::to_string(config.wal_keep_megabytes)},
                   {"max_slot_wal_keep_size", std::to_string(config.slot_keep_most_megabytes)},
                   {"wal_sender_timeout", "10000"},
                   {"wal_receiver_timeout", "10000"},
                   {"wal_receiver_status_interval", "1"},
                   // With the default a promotion takes 5 s longer in 4 runs of 10 (measured).
                   {"wal_retrieve_retry_interval", "100"},
                   {"recovery_target_timeline", "latest"},
                   {"recovery_target_action", "pause"},
                   {"recovery_min_apply_delay", "0"},
               });
}

/// A finding in one of the user's settings.
Finding in_setting(const std::string& name, std::string what, std::string mend) {
    return {Finding::Weight::refused, {}, "settings." + name, std::move(what), std::move(mend)};
}

bool is_name(std::string_view name) {
    const auto allowed = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
               letter == '_' || letter == '.';
    };
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           std::all_of(name.begin(), name.end(), allowed);
}

bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool is_enough(const std::string& max_connections) {
    int number = 0;
    const auto* const end = max_connections.data() + max_connections.size();
    return std::from_chars(max_connections.data(), end, number).ptr == end && number >= 20;
}

void look_at_setting(const std::string& name, const std::string& value, Findings& out) {
    if (!is_name(name)) {
        out.push_back(in_setting(
            name, "\"" + name + "\" is not the name of a setting (lower case is wanted)", {}));
        return;
    }
    if (!is_one_line(value)) {
        out.push_back(in_setting(name, name + ": its value must be one line", {}));
        return;
    }
    if (name == "max_connections") {
        if (!is_enough(value)) {
            out.push_back(in_setting(
                name, "max_connections = \"" + value + "\": a number of at least 20 is wanted",
                {}));
        }
        return;
    }
    if (name == "wal_level") {
        if (value != "replica" && value != "logical") {
            out.push_back(in_setting(
                name, "wal_level = \"" + value + "\": only replica and logical replicate", {}));
        }
        return;
    }
    if (managed_names().contains(name) || reserved_names().contains(name)) {
        out.push_back(
            in_setting(name, name + " is set by Lockstep and cannot be chosen", "remove it"));
    }
}

} // namespace

Settings managed_settings(const Config& config, const Ticket& ticket, int major) {
    Settings out;
    add_access(config, out);
    add_durability(config, out);
    for (const auto* const name : recovery_hazards) {
        out.emplace_back(name, "");
    }
    if (major < 16) {
        out.emplace_back("promote_trigger_file", "");
    }
    out.emplace_back("synchronous_standby_names",
                     ticket.primary ? synchronous_standby_names(ticket.sync_name) : "");
    const bool follows = !ticket.primary && ticket.upstream.has_value();
    out.emplace_back(
        "primary_conninfo",
        follows ? to_conninfo(replication_connection(config, *ticket.upstream, ticket.stream_name))
                : "");
    out.emplace_back("primary_slot_name", follows ? slot_name(config.member) : "");
    return out;
}

Settings recovery_settings(const Config& config, int major) {
    auto settings = managed_settings(config, Ticket{}, major);
    for (auto& [name, value] : settings) {
        if (name == "listen_addresses" || name == "unix_socket_directories") {
            value.clear();
        }
        if (name == "wal_keep_size") {
            value = "2147483647";
        }
    }
    return settings;
}

const std::set<std::string>& managed_names() {
    static const std::set<std::string> names = [] {
        std::set<std::string> all;
        for (const auto& [name, value] : managed_settings(Config{}, Ticket{}, 13)) {
            all.insert(name);
        }
        return all;
    }();
    return names;
}

Findings config_findings(const Config& config) {
    Findings out;
    for (const auto& [name, value] : config.settings) {
        look_at_setting(name, value, out);
    }
    for (const auto& rule : config.hba) {
        if (!is_one_line(rule)) {
            out.push_back(
                {Finding::Weight::refused, {}, "hba", "hba: each rule must be one line", {}});
        }
    }
    const auto socket = fmt::format("{}/.s.PGSQL.{}", config.run_dir.string(), config.port);
    if (socket.size() >= sizeof(sockaddr_un::sun_path)) {
        out.push_back({Finding::Weight::refused,
                       {},
                       {},
                       "the path of the Unix socket, " + socket + ", is too long",
                       "choose a shorter run_dir"});
    }
    return out;
}

Result<void> check(const Config& config) {
    std::string all;
    for (const auto& finding : config_findings(config)) {
        all += (all.empty() ? "" : "\n") + ("PostgreSQL settings: " + in_a_line(finding));
    }
    return all.empty() ? Result<void>{} : fail(Errc::refused, all);
}

} // namespace lockstep::postgres
