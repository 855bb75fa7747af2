#include "agent/join.h"

#include <utility>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "agent/identity.h"
#include "core/wire/codec.h"
#include "platform/base64url.h"
#include "platform/certificates.h"
#include "platform/files.h"
#include "platform/tls_stream.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int token_version = 1;
constexpr const char* not_a_token =
    "this is not a join token; make one with `lockstep token create NAME` and give all of it";

std::string address_of(const HostPort& at) {
    const bool v6 = at.address.find(':') != std::string::npos;
    return (v6 ? "[" + at.address + "]" : at.address) + ":" + std::to_string(at.port);
}

std::string trimmed(std::string_view text) {
    const auto* const blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

/// The library's own messages may show parts of the text, which is a secret.
Result<JoinToken> read_token(const std::string& decoded) {
    try {
        const auto whole = json::parse(decoded);
        if (whole.at("v").get<int>() != token_version) {
            return fail(Errc::refused,
                        "this join token is of another version: install the same version of "
                        "Lockstep here as on the controller");
        }
        JoinToken token;
        token.member = whole.at("member").get<std::string>();
        token.secret = whole.at("secret").get<std::string>();
        token.ca = whole.at("ca").get<std::string>();
        auto at = parse_host_port(whole.at("controller").get<std::string>());
        if (!at) {
            return fail(Errc::refused, not_a_token);
        }
        token.controller = *at;
        return token;
    } catch (const json::exception&) {
        return fail(Errc::refused, not_a_token);
    }
}

Result<void> may_join(const AgentConfig& config, const JoinToken& token) {
    const auto folder = identity_folder(config.state_dir);
    std::error_code ignored;
    if (fs::exists(folder, ignored)) {
        return fail(Errc::refused, "this host joined already: " + folder.string() +
                                       " is there; move it away to join again");
    }
    if (token.member != config.name) {
        return fail(Errc::refused, "the token is for \"" + token.member +
                                       "\", but the agent's file has name = \"" + config.name +
                                       "\": correct the file, or make a token for " + config.name);
    }
    return {};
}

Awaitable<Result<wire::Enrolled>> enroll(JoinToken token, std::string request, Deadline deadline) {
    TlsFiles none;
    auto stream = co_await dial(token.controller, std::move(none), token.ca, deadline,
                                wire::largest_frame_bytes);
    if (!stream) {
        co_return within("join " + address_of(token.controller), stream.error());
    }
    wire::Message enroll_message = wire::Enroll{token.member, token.secret, std::move(request)};
    auto frame = wire::encode(enroll_message);
    const auto sent = co_await (*stream)->write_frame(std::move(frame), deadline);
    if (!sent) {
        co_return within("join", sent.error());
    }
    const auto answer = co_await (*stream)->read_frame(deadline);
    (*stream)->close();
    if (!answer) {
        co_return within("join: no answer from the controller", answer.error());
    }
    auto message = wire::decode(*answer);
    if (!message) {
        co_return within("join", message.error());
    }
    if (const auto* const refused = std::get_if<wire::Refused>(&*message)) {
        co_return fail(Errc::refused, "the controller refused: " + refused->reason);
    }
    if (auto* const enrolled = std::get_if<wire::Enrolled>(&*message)) {
        co_return std::move(*enrolled);
    }
    co_return fail(Errc::corrupt, "join: the controller answered something else");
}

Result<void> check_answer(const JoinToken& token, const wire::Enrolled& enrolled) {
    const auto ca = fingerprint(enrolled.ca_pem);
    if (!ca || *ca != token.ca) {
        return fail(Errc::refused, "join: the controller sent another authority than the one that "
                                   "the token names");
    }
    return {};
}

/// Renamed into place as a whole, so that a host has joined or has not.
Result<void> keep(const AgentConfig& config, const JoinToken& token, const std::string& key_pem,
                  const wire::Enrolled& enrolled) {
    const auto folder = identity_folder(config.state_dir);
    const auto making = folder.string() + ".new";
    std::error_code trouble;
    fs::remove_all(making, trouble);
    if (trouble || ::mkdir(making.c_str(), 0700) != 0) {
        return fail(Errc::refused, "cannot make " + making);
    }
    const auto controller = encode_controller(address_of(token.controller), enrolled.store_id);
    const std::pair<const char*, const std::string&> files[] = {
        {"ca.pem", enrolled.ca_pem},
        {"agent.pem", enrolled.certificate_pem},
        {"agent.key", key_pem},
        {"controller.json", controller}};
    for (const auto& [name, content] : files) {
        if (auto written = write_file_durably(fs::path(making) / name, content); !written) {
            return written;
        }
    }
    fs::rename(making, folder, trouble);
    if (trouble) {
        return fail(Errc::refused, "cannot make " + folder.string() + ": " + trouble.message());
    }
    return sync_folder(config.state_dir);
}

/// Before the token is used up: an identity that cannot be kept would be lost.
Result<void> make_state_dir(const fs::path& folder) {
    std::error_code trouble;
    fs::create_directories(folder, trouble);
    if (trouble) {
        return fail(Errc::refused,
                    "state_dir " + folder.string() + " cannot be made: " + trouble.message());
    }
    const auto probe = folder / "join.probe";
    if (auto written = write_file_durably(probe, ""); !written) {
        return within("state_dir", written.error());
    }
    return remove_file_durably(probe);
}

} // namespace

Result<JoinToken> parse_token(std::string_view text) {
    const auto decoded = from_base64url(trimmed(text));
    if (!decoded) {
        return fail(Errc::refused, not_a_token);
    }
    return read_token(*decoded);
}

Awaitable<Result<void>> join(AgentConfig config, JoinToken token, Deadline deadline) {
    if (auto may = may_join(config, token); !may) {
        co_return may;
    }
    if (auto made = make_state_dir(config.state_dir); !made) {
        co_return made;
    }
    auto request = make_request(token.member, config.address);
    if (!request) {
        co_return tl::unexpected(request.error());
    }
    auto enrolled = co_await enroll(token, request->request_pem, deadline);
    if (!enrolled) {
        co_return tl::unexpected(enrolled.error());
    }
    if (auto good = check_answer(token, *enrolled); !good) {
        co_return good;
    }
    co_return keep(config, token, request->key_pem, *enrolled);
}

} // namespace lockstep
