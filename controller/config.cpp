#include "controller/config.h"

#include <algorithm>
#include <array>

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

void read_dns(ConfigFile::Table table, ControllerConfig& config) {
    const auto zone = table.text("zone");
    if (auto parsed = parse_zone_name(zone)) {
        config.zone = *parsed;
    } else if (!zone.empty()) {
        table.mistake("zone", parsed.error().message);
    }
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
