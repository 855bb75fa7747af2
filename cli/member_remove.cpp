#include <memory>

#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

struct RemoveOptions {
    std::string pair;
    std::string member;
    bool dry_run = false;
};

Answer<ExitStatus> remove_from_pair(Session& session, const RemoveOptions& options) {
    const auto body = session.change(
        "DELETE", "/v1/pairs/" + options.pair + "/members/" + options.member, "", options.dry_run);
    return show_change(session, body, options.dry_run,
                       options.member + " is being taken out of " + options.pair +
                           ", as soon as nobody counts on it; its data folder stays.");
}

} // namespace

void add_member_remove(CLI::App& member, const Choose& choose) {
    auto* verb = member.add_subcommand("remove", "Take a member, not the primary, out of its pair");
    const auto options = std::make_shared<RemoveOptions>();
    add_pair_name(*verb, options->pair);
    add_member_name(*verb, options->member);
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb,
                  {"lockstep member remove shop b", "lockstep member remove shop b --dry-run"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return remove_from_pair(session, *options); });
    });
}

} // namespace lockstep::cli
