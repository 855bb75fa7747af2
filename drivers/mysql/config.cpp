#include "drivers/mysql/config.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>
#include <sys/un.h>

#include "drivers/mysql/flavour.h"
#include "drivers/mysql/option_file.h"
#include "drivers/mysql/settings.h"

namespace lockstep::mysql {
namespace {

/// Said by the driver in the files that it writes, or what would let commits past the standby, or
/// start a server that obeys nobody.
constexpr std::array<std::string_view, 48> reserved_names = {"datadir",
                                                             "basename",
                                                             "socket",
                                                             "port",
                                                             "bind_address",
                                                             "networking",
                                                             "name_resolve",
                                                             "pid_file",
                                                             "ssl",
                                                             "ssl_ca",
                                                             "ssl_cert",
                                                             "ssl_key",
                                                             "log_bin",
                                                             "log_bin_index",
                                                             "relay_log",
                                                             "relay_log_index",
                                                             "slave_start",
                                                             "replica_start",
                                                             "init_connect",
                                                             "offline_mode",
                                                             "persisted_globals_load",
                                                             "init_rpl_role",
                                                             "init_file",
                                                             "grant_tables",
                                                             "bootstrap",
                                                             "initialize",
                                                             "initialize_insecure",
                                                             "user",
                                                             "log_error",
                                                             "chroot",
                                                             "binlog_do_db",
                                                             "binlog_ignore_db",
                                                             "replicate_do_db",
                                                             "replicate_ignore_db",
                                                             "replicate_do_table",
                                                             "replicate_ignore_table",
                                                             "replicate_wild_do_table",
                                                             "replicate_wild_ignore_table",
                                                             "replicate_rewrite_db",
                                                             "slave_skip_errors",
                                                             "replica_skip_errors",
                                                             "innodb_force_recovery",
                                                             "innodb_read_only",
                                                             "encrypt_binlog",
                                                             "binlog_encryption",
                                                             "defaults_file",
                                                             "defaults_extra_file",
                                                             "default_storage_engine"};

/// A finding in one of the user's settings.
Finding in_setting(const std::string& name, std::string what, std::string mend) {
    return {Finding::Weight::refused, {}, "settings." + name, std::move(what), std::move(mend)};
}

bool is_name(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") ==
                                std::string_view::npos;
}

void look_at_value(const std::string& name, const std::string& value, Findings& out) {
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        out.push_back(in_setting(name, name + ": its value must be one line", {}));
    }
    if (value.find('"') != std::string::npos && value.find('\'') != std::string::npos) {
        out.push_back(in_setting(name,
                                 name + ": an option file cannot hold a value with both kinds of "
                                        "quotation marks",
                                 {}));
    }
}

void look_at_setting(Flavour flavour, const std::string& name, const std::string& value,
                     Findings& out) {
    if (!is_name(name)) {
        out.push_back(in_setting(
            name, "\"" + name + "\" is not the name of a setting (lower case is wanted)", {}));
        return;
    }
    const auto plain = plain_name(name);
    const auto& managed = managed_names(flavour);
    if (managed.contains(plain) || managed.contains("skip_" + plain) ||
        std::ranges::find(reserved_names, plain) != reserved_names.end()) {
        out.push_back(
            in_setting(name, name + " is set by Lockstep and cannot be chosen", "remove it"));
        return;
    }
    look_at_value(name, value, out);
}

void look_at_paths(const Config& config, Findings& out) {
    for (const auto& path :
         {config.data_dir, config.run_dir, config.tls.ca, config.tls.certificate, config.tls.key}) {
        if (path.string().find_first_of("\r\n\"'#;") != std::string::npos) {
            out.push_back(
                {Finding::Weight::refused,
                 {},
                 {},
                 "the path " + path.string() + " has a character that an option file cannot hold",
                 "choose another folder"});
        }
    }
    const auto socket = socket_path(config).string();
    constexpr std::size_t more = 16; // A server that works alone has a longer one.
    if (socket.size() + more >= sizeof(sockaddr_un::sun_path)) {
        out.push_back({Finding::Weight::refused,
                       {},
                       {},
                       "the path of the Unix socket, " + socket + ", is too long",
                       "choose a shorter run_dir"});
    }
}

} // namespace

Findings config_findings(const Config& config) {
    Findings out;
    // MySQL: an account's name has at most 32 characters, ls_<member>_<revision> among them.
    constexpr std::size_t most_of_a_name = 16;
    if (config.flavour == Flavour::mysql && config.member.size() > most_of_a_name) {
        out.push_back({Finding::Weight::refused,
                       {},
                       {},
                       fmt::format("the member's name \"{}\" has more than {} characters",
                                   config.member, most_of_a_name),
                       "choose a shorter one, and let the host join again under it"});
    }
    for (const auto& [name, value] : config.settings) {
        look_at_setting(config.flavour, name, value, out);
    }
    look_at_paths(config, out);
    return out;
}

Result<void> check(const Config& config) {
    std::string all;
    for (const auto& finding : config_findings(config)) {
        all += fmt::format("{}{} settings: {}", all.empty() ? "" : "\n",
                           words(config.flavour).product, in_a_line(finding));
    }
    return all.empty() ? Result<void>{} : fail(Errc::refused, all);
}

} // namespace lockstep::mysql
