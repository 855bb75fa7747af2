#include "drivers/mysql/config.h"

#include <algorithm>

#include <sys/un.h>

#include "drivers/mysql/settings.h"

namespace lockstep::mysql {
namespace {

constexpr std::size_t longest_member_mysql = 16; // ls_<member>_<revision> in 32 characters.

/// As the servers read a name in an option file.
std::string plain_name(std::string name) {
    std::ranges::replace(name, '-', '_');
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    for (const std::string_view prefix : {"loose_", "skip_loose_", "maximum_"}) {
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
        }
    }
    return name;
}

bool is_one_line(const std::string& text) {
    return text.find_first_of("\n\r") == std::string::npos && text.find('\0') == std::string::npos;
}

Result<void> check_setting(Flavour flavour, const std::string& name, const std::string& value) {
    const auto plain = plain_name(name);
    if (plain.empty() || !std::ranges::all_of(plain, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        })) {
        return fail(Errc::refused, "setting \"" + name + "\": no name of a setting");
    }
    const auto& managed = managed_names(flavour);
    const bool negated = plain.starts_with("skip_") && managed.contains(plain.substr(5));
    if (managed.contains(plain) || negated) {
        return fail(Errc::refused, "setting " + name + ": Lockstep decides it");
    }
    if (!is_one_line(value)) {
        return fail(Errc::refused, "setting " + name + ": its value is not one line");
    }
    return {};
}

} // namespace

Result<void> check(const Config& config) {
    for (const auto& [name, value] : config.settings) {
        if (auto good = check_setting(config.flavour, name, value); !good) {
            return good;
        }
    }
    const auto socket = socket_path(config).string();
    if (socket.size() >= sizeof(sockaddr_un::sun_path)) {
        return fail(Errc::refused, "the socket's path is too long: " + socket);
    }
    if (config.flavour == Flavour::mysql && config.member.size() > longest_member_mysql) {
        return fail(Errc::refused, "member " + config.member +
                                       ": with MySQL a member's name has "
                                       "at most 16 characters, because accounts hold it");
    }
    for (const auto& path :
         {config.data_dir, config.run_dir, config.tls.ca, config.tls.certificate, config.tls.key}) {
        if (!is_one_line(path.string()) ||
            path.string().find_first_of("\"'#;") != std::string::npos) {
            return fail(Errc::refused, path.string() + ": no such characters in a path, please: "
                                                       "the server's option file holds it");
        }
    }
    return {};
}

} // namespace lockstep::mysql
