#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/snapshot_wait.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct ChangeOptions {
    std::string id;
    bool no_wait = false;
    bool dry_run = false;
};

struct Change {
    std::string method;
    std::string path_end; // After /v1/snapshots/ID
    std::string work;
    std::string done; // "is removed"
};

Answer<ExitStatus> run(Session& session, const ChangeOptions& options, const Change& change) {
    const auto body = session.change(change.method, "/v1/snapshots/" + options.id + change.path_end,
                                     "", options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    const auto pair = read_order_pair(*body);
    if (!pair) {
        return tl::unexpected(pair.error());
    }
    if (!options.no_wait) {
        const auto ended = wait_for_order(session, *pair, change.work, options.id);
        if (!ended) {
            return tl::unexpected(ended.error());
        }
        if (!session.json()) {
            session.out().stream << paragraph("",
                                              "Snapshot " + options.id + " " + change.done +
                                                  ", after " + show_span(ended->took) + ".",
                                              session.out().width);
        }
    }
    if (session.json()) {
        session.print_json(*body);
    }
    return ExitStatus::done;
}

void add_change(CLI::App& verb, const Choose& choose, const Change& change) {
    const auto options = std::make_shared<ChangeOptions>();
    add_snapshot_id(verb, options->id);
    verb.add_flag("--no-wait", options->no_wait, "Do not wait until it is done");
    add_dry_run(verb, options->dry_run);
    verb.callback([options, choose, change] {
        choose([options, change](Session& session) { return run(session, *options, change); });
    });
}

} // namespace

void add_snapshot_check(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "check", "Compare every byte of a snapshot with what was written down of it");
    add_change(*verb, choose, {"POST", "/check", "check", "is whole"});
    give_examples(*verb, {"lockstep snapshot check shop-20261126t034500z-a1b2"});
}

void add_snapshot_verify(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "verify", "Prove a snapshot: restore it beside the database, and ask a server there");
    add_change(*verb, choose,
               {"POST", "/verify", "verify", "was restored, and its server answered"});
    give_examples(*verb, {"lockstep snapshot verify shop-20261126t034500z-a1b2"});
}

void add_snapshot_delete(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand("delete", "Delete a snapshot for ever");
    add_change(*verb, choose, {"DELETE", "", "remove", "is deleted"});
    give_examples(*verb, {"lockstep snapshot delete shop-20261126t034500z-a1b2 --dry-run"});
}

} // namespace lockstep::cli
