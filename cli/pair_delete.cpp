#include <istream>
#include <memory>
#include <ostream>

#include "cli/verbs.h"
#include "cli/views.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct DeleteOptions {
    std::string pair;
    bool yes = false;
    bool dry_run = false;
};

/// Shows what would go, and asks. Failures: nobody is there to answer, or says no.
Answer<void> confirm(Session& session, const DeleteOptions& options) {
    if (!session.terminal().in_is_terminal) {
        return give_up(ExitStatus::usage, "pair " + options.pair +
                                              " is not deleted: nobody is here to confirm it. "
                                              "Add --yes if you are sure");
    }
    const auto body = session.change("DELETE", "/v1/pairs/" + options.pair, "", true);
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto change = read_change(*body);
    if (!change) {
        return tl::unexpected(change.error());
    }
    const auto& screen = session.err();
    for (const auto& line : change->changes) {
        screen.stream << paragraph("  - ", harmless(line), screen.width);
    }
    screen.stream << "Delete pair " << options.pair << "? [y/N] " << std::flush;
    std::string answer;
    std::getline(session.terminal().in, answer);
    if (answer != "y" && answer != "Y" && answer != "yes") {
        return give_up(ExitStatus::failed, "pair " + options.pair + " is not deleted");
    }
    return {};
}

Answer<ExitStatus> delete_pair(Session& session, const DeleteOptions& options) {
    if (!options.yes && !options.dry_run) {
        if (const auto sure = confirm(session, options); !sure) {
            return tl::unexpected(sure.error());
        }
    }
    const auto body = session.change("DELETE", "/v1/pairs/" + options.pair, "", options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << "Pair " << options.pair
                             << " is deleted. Its databases and their data are left as they are.\n";
    }
    return ExitStatus::done;
}

} // namespace

void add_pair_delete(CLI::App& pair, const Choose& choose) {
    auto* verb = pair.add_subcommand(
        "delete", "Forget a pair; its databases and their data are left as they are");
    const auto options = std::make_shared<DeleteOptions>();
    add_pair_name(*verb, options->pair);
    verb->add_flag("--yes,-y", options->yes, "Do not ask");
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep pair delete shop --dry-run", "lockstep pair delete shop",
                          "lockstep pair delete shop --yes     (in a script)"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return delete_pair(session, *options); });
    });
}

} // namespace lockstep::cli
