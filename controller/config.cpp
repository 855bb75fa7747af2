#include "controller/config.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace lockstep {
namespace {

constexpr std::size_t longest_zone = 200;
constexpr std::size_t longest_label = 63;

bool is_label_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= longest_label && label.front() != '-' &&
           label.back() != '-' && std::all_of(label.begin(), label.end(), is_label_character);
}

bool is_wildcard(const std::string& address) {
    constexpr std::array wildcards = {"0.0.0.0", "::"};
    return std::find(wildcards.begin(), wildcards.end(), address) != wildcards.end();
}

/// An address that others are told to dial: it must name one interface.
HostPort dialled_address(ConfigFile::Table table, std::string_view key) {
    const auto text = table.text(key);
    if (text.empty()) {
        return {}; // Missing: said already.
    }
    auto at = parse_host_port(text);
    if (!at) {
        table.mistake(key, at.error().message);
        return {};
    }
    if (is_wildcard(at->address)) {
        table.mistake(key, "\"" + text +
                               "\" names every address; allowed is one address of this machine "
                               "that agents, operators and clients can reach");
    }
    return *at;
}

std::string read_zone(ConfigFile::Table table) {
    const auto zone = table.text("zone");
    auto parsed = parse_zone_name(zone);
    if (!parsed && !zone.empty()) {
        table.mistake("zone", parsed.error().message);
    }
    return parsed.value_or("");
}

/// An address of another machine, at which something is asked.
std::optional<HostPort> asked_address(ConfigFile::Table table, std::string_view key,
                                      const std::string& text) {
    auto at = parse_host_port(text);
    if (!at) {
        table.mistake(key, at.error().message);
        return std::nullopt;
    }
    if (is_wildcard(at->address)) {
        table.mistake(key, "\"" + text + "\" names every address; allowed is one address");
    }
    return *at;
}

dns::Rfc2136Settings read_rfc2136(ConfigFile::Table table) {
    dns::Rfc2136Settings settings;
    if (const auto server = table.text("server"); !server.empty()) {
        settings.server = asked_address(table, "server", server).value_or(HostPort{});
    }
    settings.zone = read_zone(table);
    if (const auto file = table.text("key_file"); !file.empty()) {
        auto key = dns::read_tsig_key(file);
        if (!key) {
            table.mistake("key_file", "cannot be used: " + key.error().message);
        }
        settings.key = key.value_or(dns::TsigKey());
    }
    for (const auto& text : table.texts("servers")) {
        if (const auto at = asked_address(table, "servers", text)) {
            settings.servers.push_back(*at);
        }
    }
    settings.servers_port = static_cast<std::uint16_t>(table.integer("servers_port", 1, 65535, 53));
    if (const auto resolver = table.text("resolver", ""); !resolver.empty()) {
        settings.resolver = asked_address(table, "resolver", resolver);
    }
    return settings;
}

void read_outside(ConfigFile::Table table, ControllerConfig& config) {
    std::set<std::pair<std::string, std::string>> known;
    for (auto& one : table.tables("rfc2136")) {
        auto settings = read_rfc2136(one);
        const auto server = settings.server.address + " " + std::to_string(settings.server.port);
        if (!settings.zone.empty() && !known.emplace(server, settings.zone).second) {
            one.mistake("zone", "is told to this server by another [[dns.rfc2136]] already");
        }
        config.rfc2136.push_back(std::move(settings));
    }
}

void read_dns(ConfigFile::Table table, ControllerConfig& config) {
    config.zone = read_zone(table);
    read_outside(table, config);
    for (const auto& text : table.texts("listen")) {
        auto at = parse_host_port(text);
        if (!at) {
            table.mistake("listen", at.error().message);
            continue;
        }
        if (is_wildcard(at->address)) {
            table.mistake("listen", "\"" + text +
                                        "\" names every address; allowed are single addresses of "
                                        "this machine");
        }
        config.dns.push_back(*at);
    }
}

Result<ControllerConfig> read(ConfigFile file) {
    ControllerConfig config;
    auto root = file.root();
    config.state_dir = root.text("state_dir");
    config.identity_dir = root.text("identity_dir", (config.state_dir / "identity").string());
    auto listen = file.table("listen");
    config.agents = dialled_address(listen, "agents");
    config.api = dialled_address(listen, "api");
    read_dns(file.table("dns"), config);
    if (auto finished = file.finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return config;
}

} // namespace

Result<std::string> parse_zone_name(std::string_view text) {
    const auto refuse = [text] {
        return fail(Errc::refused,
                    "zone \"" + std::string(text) +
                        "\": allowed are host name labels of lower case letters, digits and - "
                        "joined by dots, without a final dot, at most 200 characters");
    };
    if (text.empty() || text.size() > longest_zone) {
        return refuse();
    }
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('.', begin), text.size());
        if (!is_label(text.substr(begin, end - begin))) {
            return refuse();
        }
        begin = end + 1;
    }
    return std::string(text);
}

Result<ControllerConfig> read_controller_config(const std::filesystem::path& path) {
    auto file = ConfigFile::open(path);
    if (!file) {
        return tl::unexpected(file.error());
    }
    return read(std::move(*file));
}

Result<ControllerConfig> parse_controller_config(std::string_view text, const std::string& name) {
    auto file = ConfigFile::parse(text, name);
    if (!file) {
        return tl::unexpected(file.error());
    }
    return read(std::move(*file));
}

} // namespace lockstep
