#include <memory>

#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

struct ForgetOptions {
    std::string pair;
    bool dry_run = false;
};

Answer<ExitStatus> forget(Session& session, const ForgetOptions& options) {
    const auto body =
        session.change("DELETE", "/v1/deleted-pairs/" + options.pair, "", options.dry_run);
    return show_change(session, body, options.dry_run,
                       "The snapshots of " + options.pair +
                           ", which was deleted, are listed no longer. What is in its repository "
                           "is left as it is.");
}

} // namespace

void add_snapshot_forget(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "forget", "List a deleted pair's snapshots no longer; its repository is left as it is");
    const auto options = std::make_shared<ForgetOptions>();
    add_pair_name(*verb, options->pair);
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep snapshot forget shop --dry-run",
                          "lockstep snapshot forget shop     (once its folder is removed)"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return forget(session, *options); });
    });
}

} // namespace lockstep::cli
