#include "cli/settings.h"

#include <optional>

namespace lockstep::cli {
namespace {

namespace fs = std::filesystem;

/// Both keys are optional; an empty text is a value not given.
Answer<GivenSettings> read_settings(const fs::path& path) {
    std::error_code trouble;
    if (!fs::exists(path, trouble) && !trouble) {
        return GivenSettings{};
    }
    auto file = ConfigFile::open(path);
    if (!file) {
        return give_up(ExitStatus::usage, file.error().message);
    }
    GivenSettings found;
    auto root = file->root();
    found.controller = root.text("controller", "");
    found.identity = root.text("identity", "");
    if (!found.controller.empty()) {
        if (const auto address = parse_host_port(found.controller); !address) {
            root.mistake("controller", address.error().message);
        }
    }
    if (const auto sound = file->finish(); !sound) {
        return give_up(ExitStatus::usage, sound.error().message);
    }
    return found;
}

fs::path user_file(const Variables& variables) {
    if (const auto folder = variables("XDG_CONFIG_HOME"); folder && !folder->empty()) {
        return fs::path(*folder) / "lockstep" / "cli.toml";
    }
    if (const auto home = variables("HOME"); home && !home->empty()) {
        return fs::path(*home) / ".config" / "lockstep" / "cli.toml";
    }
    return {};
}

void fill_gaps(GivenSettings& settings, const GivenSettings& from) {
    if (settings.controller.empty()) {
        settings.controller = from.controller;
    }
    if (settings.identity.empty()) {
        settings.identity = from.identity;
    }
}

Failure not_given(const std::string& what, const std::string& flag, const std::string& variable,
                  const std::string& key, const fs::path& system_file) {
    return {ExitStatus::usage, "no " + what + " known: give " + flag + ", or set " + variable +
                                   ", or write " + key + " into " + system_file.string() +
                                   " or ~/.config/lockstep/cli.toml"};
}

} // namespace

Answer<Settings> find_settings(const GivenSettings& given, const Variables& variables,
                               const fs::path& system_file) {
    GivenSettings settings = given;
    fill_gaps(settings, {variables("LOCKSTEP_CONTROLLER").value_or(""),
                         variables("LOCKSTEP_IDENTITY").value_or("")});
    for (const auto& path : {user_file(variables), system_file}) {
        const auto found = path.empty() ? GivenSettings{} : read_settings(path);
        if (!found) {
            return tl::unexpected(found.error());
        }
        fill_gaps(settings, *found);
    }
    if (settings.controller.empty()) {
        return tl::unexpected(not_given("controller", "--controller IP:PORT", "LOCKSTEP_CONTROLLER",
                                        "controller = \"IP:PORT\"", system_file));
    }
    if (settings.identity.empty()) {
        return tl::unexpected(not_given("operator's identity", "--identity DIR",
                                        "LOCKSTEP_IDENTITY", "identity = \"DIR\"", system_file));
    }
    const auto address = parse_host_port(settings.controller);
    if (!address) {
        return give_up(ExitStatus::usage, "the controller's address: " + address.error().message);
    }
    return Settings{*address, settings.identity};
}

} // namespace lockstep::cli
