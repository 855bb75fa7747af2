#include <algorithm>
#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "cli/views.h"
#include "platform/clock.h"

namespace lockstep::cli {
namespace {

struct TokenOptions {
    std::string member;
    bool dry_run = false;
};

/// The token alone goes to standard output, so that it can be piped to the host; it never is an
/// argument, which every user of a machine can see.
void print_token(const Session& session, const std::string& member, const TokenView& token) {
    const auto left = std::max<std::int64_t>(0, token.expires_unix_ms - unix_ms());
    session.out().stream << token.token << "\n" << std::flush;
    session.err().stream << "\nGood once, for " << show_span(std::chrono::milliseconds{left})
                         << ". On the host of " << member
                         << ", as the database's user, with `name = \"" << member
                         << "\"` in the file:\n"
                            "  lockstepd join --config /etc/lockstep/agent.toml\n"
                            "and paste the token, or from here:\n"
                            "  lockstep token create "
                         << member
                         << " | ssh HOST lockstepd join --config /etc/lockstep/agent.toml\n";
}

Answer<ExitStatus> create_token(Session& session, const TokenOptions& options) {
    const auto body =
        session.change("POST", "/v1/tokens", token_body(options.member), options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto token = read_token(*body);
    if (!token) {
        return tl::unexpected(token.error());
    }
    print_token(session, options.member, *token);
    return ExitStatus::done;
}

} // namespace

void add_token_create(CLI::App& token, const Choose& choose) {
    auto* verb = token.add_subcommand(
        "create", "Make a token with which a member's host joins: good once, for one hour");
    const auto options = std::make_shared<TokenOptions>();
    add_member_name(*verb, options->member);
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep token create a",
                          "lockstep token create a | ssh host-a lockstepd join --config "
                          "/etc/lockstep/agent.toml"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return create_token(session, *options); });
    });
}

} // namespace lockstep::cli
