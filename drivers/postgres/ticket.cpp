#include "drivers/postgres/ticket.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "drivers/postgres/text.h"

namespace lockstep::postgres {
namespace {

constexpr std::string_view boot_line = "# boot ";
constexpr std::string_view open_line = "# The user's rules, from the agent's configuration:";
constexpr std::string_view shut_line = "# The door is shut: nobody else gets in.";
constexpr std::string_view include_mark = "# lockstep: must stay the last line";

void append_line(std::string& text, std::string_view line) {
    text += line;
    text += '\n';
}

} // namespace

std::filesystem::path ticket_path(const Config& config) {
    return config.run_dir / (config.member + ".conf");
}
std::filesystem::path hba_path(const Config& config) {
    return config.run_dir / (config.member + ".hba.conf");
}
std::filesystem::path ident_path(const Config& config) {
    return config.run_dir / (config.member + ".ident.conf");
}

std::string render_ticket(const Config& config, const Settings& managed, const std::string& boot) {
    std::string text;
    append_line(text, "# Written by Lockstep's agent before each start; edits are overwritten.");
    append_line(text, std::string(boot_line) + boot);
    append_line(text, "# The user's settings, from the agent's configuration:");
    for (const auto& [name, value] : config.settings) {
        append_line(text, fmt::format("{} = {}", name, quote_setting(value)));
    }
    append_line(text, "# Lockstep's settings:");
    for (const auto& [name, value] : managed) {
        append_line(text, fmt::format("{} = {}", name, quote_setting(value)));
    }
    return text;
}

bool is_of_boot(std::string_view ticket, const std::string& boot) {
    return ticket.find(fmt::format("\n{}{}\n", boot_line, boot)) != std::string_view::npos;
}

std::string render_hba(const Config& config, Door door) {
    std::string text;
    append_line(text, "# Written by Lockstep's agent; edits are overwritten.");
    append_line(text, fmt::format("local all {} peer map=lockstep", superuser));
    // For snapshots and the receiving of the log.
    append_line(text, fmt::format("local replication {} peer map=lockstep", superuser));
    append_line(
        text, fmt::format("hostssl replication {} all cert map=lockstep_peers", replication_role));
    // For rewinds, which read the upstream's files through it.
    append_line(text,
                fmt::format("hostssl postgres {} all cert map=lockstep_peers", replication_role));
    append_line(text, fmt::format("host all,replication {} all reject", replication_role));
    if (door == Door::shut) {
        append_line(text, shut_line);
        return text;
    }
    append_line(text, open_line);
    for (const auto& rule : config.hba) {
        append_line(text, rule);
    }
    return text;
}

Door door_in(std::string_view hba) {
    return hba.find(fmt::format("\n{}\n", open_line)) == std::string_view::npos ? Door::shut
                                                                                : Door::open;
}

std::string render_ident(const std::vector<Member>& peers, const std::string& system_user) {
    std::string text;
    append_line(text, "# Written by Lockstep's agent; edits are overwritten.");
    append_line(text, fmt::format("lockstep \"{}\" {}", system_user, superuser));
    for (const auto& peer : peers) {
        append_line(text, fmt::format("lockstep_peers \"{}\" {}", peer.id, replication_role));
    }
    return text;
}

std::string synchronous_standby_names(const std::string& sync_name) {
    return sync_name.empty() ? "" : fmt::format("FIRST 1 (\"{}\")", sync_name);
}

std::string sync_name_in(std::string_view value) {
    const auto first = value.find('"');
    const auto last = value.rfind('"');
    if (first == std::string_view::npos || first == last) {
        return {};
    }
    return std::string(value.substr(first + 1, last - first - 1));
}

std::string slot_name(const MemberId& member) {
    return "lockstep_" + member;
}

Settings replication_connection(const Config& config, const Member& upstream,
                                const std::string& application) {
    return {
        {"host", upstream.id}, // For the certificate's check alone: names are never resolved.
        {"hostaddr", upstream.address},
        {"port", std::to_string(upstream.port)},
        {"user", std::string(replication_role)},
        {"application_name", application},
        {"sslmode", "verify-full"},
        {"sslrootcert", config.tls.ca.string()},
        {"sslcert", config.tls.certificate.string()},
        {"sslkey", config.tls.key.string()},
        {"gssencmode", "disable"},
        {"connect_timeout", "3"},
        // A walreceiver knows no connect_timeout; this ends its connect to a dead host, too.
        {"tcp_user_timeout", "5000"},
    };
}

Settings rewind_connection(const Config& config, const Member& upstream) {
    auto connection = replication_connection(config, upstream, "ls_rewind_" + config.member);
    connection.emplace_back("dbname", "postgres");
    return connection;
}

std::string to_conninfo(const Settings& connection) {
    std::string text;
    for (const auto& [key, value] : connection) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, quote_conninfo(value));
    }
    return text;
}

std::string conninfo_value(std::string_view conninfo, std::string_view key) {
    const auto wanted = fmt::format(" {}=", key);
    const auto padded = fmt::format(" {}", conninfo);
    const auto at = padded.find(wanted);
    if (at == std::string::npos) {
        return {};
    }
    const auto begin = at + wanted.size();
    if (begin < padded.size() && padded[begin] == '\'') {
        const auto end = padded.find('\'', begin + 1);
        return padded.substr(begin + 1, std::min(end, padded.size()) - begin - 1);
    }
    return padded.substr(begin, std::min(padded.find(' ', begin), padded.size()) - begin);
}

std::string with_ticket_included(std::string_view postgresql_conf,
                                 const std::filesystem::path& ticket) {
    std::string text;
    for (const auto line : lines_of(postgresql_conf)) {
        if (line.find(include_mark) == std::string_view::npos) {
            append_line(text, line);
        }
    }
    append_line(text, fmt::format("include {} {}", quote_setting(ticket.string()), include_mark));
    return text;
}

std::string without_settings(std::string_view text, const std::set<std::string>& names) {
    std::string kept;
    for (const auto line : lines_of(text)) {
        if (!names.contains(setting_name_in(line))) {
            append_line(kept, line);
        }
    }
    return kept;
}

Settings parse_settings(std::string_view text) {
    Settings settings;
    for (const auto line : lines_of(text)) {
        const auto name = setting_name_in(line);
        const auto first = line.find('\'');
        if (name.empty() || first == std::string_view::npos) {
            continue;
        }
        std::erase_if(settings, [&name](const auto& setting) { return setting.first == name; });
        settings.emplace_back(name, unquote_setting(line.substr(first)));
    }
    return settings;
}

} // namespace lockstep::postgres
