#include "agent/identity.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "platform/files.h"

namespace lockstep {
namespace {

using nlohmann::json;

constexpr const char* how_to_join =
    "; join this host first: `lockstep token create NAME` on the controller's host, then "
    "`lockstepd join --config FILE` here, with the token on standard input";

Result<void> fill(const std::string& text, const std::filesystem::path& path, Identity& identity) {
    try {
        const auto whole = json::parse(text);
        identity.store_id = whole.at("store_id").get<std::string>();
        auto at = parse_host_port(whole.at("controller").get<std::string>());
        if (!at) {
            return fail(Errc::refused, path.string() + ": controller: " + at.error().message);
        }
        identity.controller = *at;
        return {};
    } catch (const json::exception& error) {
        return fail(Errc::refused, path.string() + ": " + error.what() + how_to_join);
    }
}

} // namespace

std::filesystem::path identity_folder(const std::filesystem::path& state_dir) {
    return state_dir / "identity";
}

TlsFiles identity_files(const std::filesystem::path& state_dir) {
    const auto folder = identity_folder(state_dir);
    return {folder / "ca.pem", folder / "agent.pem", folder / "agent.key"};
}

Result<Identity> load_identity(const std::filesystem::path& state_dir) {
    const auto folder = identity_folder(state_dir);
    Identity identity;
    identity.files = identity_files(state_dir);
    for (const auto& file : {identity.files.ca, identity.files.certificate, identity.files.key}) {
        if (::access(file.c_str(), R_OK) != 0) {
            return fail(Errc::refused, "identity: cannot read " + file.string() + how_to_join);
        }
    }
    const auto path = folder / "controller.json";
    auto text = read_file(path);
    if (!text) {
        return fail(Errc::refused, "identity: " + text.error().message + how_to_join);
    }
    if (auto filled = fill(*text, path, identity); !filled) {
        return tl::unexpected(filled.error());
    }
    return identity;
}

std::string encode_controller(const std::string& controller, const std::string& store_id) {
    return json{{"controller", controller}, {"store_id", store_id}}.dump(2) + "\n";
}

} // namespace lockstep
