#include <istream>
#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/request_bodies.h"
#include "cli/snapshot_wait.h"
#include "cli/verbs.h"
#include "cli/views.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct DeleteOptions {
    std::string pair;
    std::string final_snapshot;
    bool skip_final_snapshot = false;
    bool yes = false;
    bool no_wait = false;
    bool dry_run = false;
};

constexpr auto data_stay = " Its databases and their data are left as they are.";

Answer<std::string> ask_for(Session& session, const DeleteOptions& options, bool dry_run) {
    const auto body = delete_pair_body(options.final_snapshot, options.skip_final_snapshot);
    return session.change("DELETE", "/v1/pairs/" + options.pair, body, dry_run);
}

/// Shows what would go, and asks. Failures: nobody is there to answer, or says no.
Answer<void> confirm(Session& session, const DeleteOptions& options) {
    if (!session.terminal().in_is_terminal) {
        return give_up(ExitStatus::usage, "pair " + options.pair +
                                              " is not deleted: nobody is here to confirm it. "
                                              "Add --yes if you are sure");
    }
    const auto body = ask_for(session, options, true);
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

/// The order for the final snapshot stands until the pair is gone, or was given up.
Answer<std::string> wait_until_deleted(Session& session, const std::string& pair,
                                       const std::string& snapshot) {
    const auto ended = wait_for_order(session, pair, "take", snapshot);
    if (!ended) {
        return tl::unexpected(ended.error());
    }
    if (ended->pair.deleted_time.empty()) {
        return give_up(ExitStatus::failed, "pair " + pair +
                                               " is still there: its deletion was given up. "
                                               "`lockstep events " +
                                               pair + "` tells more");
    }
    return "Pair " + pair + " is deleted after " + show_span(ended->took) +
           "; its final snapshot " + harmless(snapshot) + " is kept." + data_stay;
}

std::string asked_words(const DeleteOptions& options, const std::string& snapshot) {
    return "Pair " + options.pair + " is deleted once its final snapshot " + harmless(snapshot) +
           " is taken; `lockstep snapshot list " + options.pair + "` shows how far it is.";
}

Answer<ExitStatus> delete_pair(Session& session, const DeleteOptions& options) {
    if (!options.yes && !options.dry_run) {
        if (const auto sure = confirm(session, options); !sure) {
            return tl::unexpected(sure.error());
        }
    }
    const auto body = ask_for(session, options, options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    const auto change = read_change(*body);
    if (!change) {
        return tl::unexpected(change.error());
    }
    auto words = "Pair " + options.pair + " is deleted." + data_stay;
    if (!change->final_snapshot.empty()) {
        words = asked_words(options, change->final_snapshot);
        if (!options.no_wait) {
            auto done = wait_until_deleted(session, options.pair, change->final_snapshot);
            if (!done) {
                return tl::unexpected(done.error());
            }
            words = *done;
        }
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << paragraph("", words, session.out().width);
    }
    return ExitStatus::done;
}

void add_options(CLI::App& verb, DeleteOptions& options) {
    add_pair_name(verb, options.pair);
    auto* take = verb.add_option("--final-snapshot", options.final_snapshot,
                                 "Take a last snapshot first, under this name; it is kept until it "
                                 "is deleted")
                     ->type_name("NAME")
                     ->check(check_snapshot_name);
    verb.add_flag("--skip-final-snapshot", options.skip_final_snapshot,
                  "Take none; one of the two is wanted where the pair has a repository")
        ->excludes(take);
    verb.add_flag("--yes,-y", options.yes, "Do not ask");
    verb.add_flag("--no-wait", options.no_wait, "Do not wait for the final snapshot");
    add_dry_run(verb, options.dry_run);
}

} // namespace

void add_pair_delete(CLI::App& pair, const Choose& choose) {
    auto* verb = pair.add_subcommand(
        "delete", "Forget a pair; its databases and their data are left as they are");
    const auto options = std::make_shared<DeleteOptions>();
    add_options(*verb, *options);
    give_examples(*verb, {"lockstep pair delete shop --final-snapshot shop-last --dry-run",
                          "lockstep pair delete shop --final-snapshot shop-last",
                          "lockstep pair delete shop --skip-final-snapshot --yes     "
                          "(in a script)"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return delete_pair(session, *options); });
    });
}

} // namespace lockstep::cli
