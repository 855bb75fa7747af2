#include <memory>

#include "cli/request_bodies.h"
#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

struct AddOptions {
    std::string pair;
    std::string member;
    bool spare = false;
    bool dry_run = false;
};

Answer<ExitStatus> add_to_pair(Session& session, const AddOptions& options) {
    const auto body = session.change(
        "POST", "/v1/pairs/" + options.pair + "/members",
        add_member_body(options.member, options.spare ? "spare" : "data"), options.dry_run);
    return show_change(session, body, options.dry_run,
                       options.member + " is a " + (options.spare ? "spare" : "member") + " of " +
                           options.pair + " now; `lockstep status " + options.pair +
                           "` shows how far its copy is.");
}

} // namespace

void add_member_add(CLI::App& member, const Choose& choose) {
    auto* verb = member.add_subcommand("add", "Add a member whose agent runs; it copies the data");
    const auto options = std::make_shared<AddOptions>();
    add_pair_name(*verb, options->pair);
    add_member_name(*verb, options->member);
    verb->add_flag("--spare", options->spare,
                   "A spare: it becomes the standby when another member stays away");
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb,
                  {"lockstep member add shop c --spare", "lockstep member add shop c --dry-run"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return add_to_pair(session, *options); });
    });
}

} // namespace lockstep::cli
