#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/request_bodies.h"
#include "cli/snapshot_wait.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct CreateOptions {
    std::string pair;
    std::vector<std::string> tags;
    bool no_wait = false;
    bool dry_run = false;
};

void print_taken(const Screen& screen, const EndedOrder& ended, const std::string& id) {
    for (const auto& snapshot : ended.pair.snapshots) {
        if (snapshot.id == id) {
            screen.stream << paragraph(
                "",
                "Snapshot " + harmless(id) + " of " + ended.pair.pair + " is taken after " +
                    show_span(ended.took) + ": " + show_bytes(snapshot.bytes) + " for " +
                    show_bytes(snapshot.data_bytes) + " of data, from " +
                    harmless(snapshot.taken_from) + ". It is kept until it is deleted.",
                screen.width);
        }
    }
}

Answer<ExitStatus> create(Session& session, const CreateOptions& options) {
    const auto body = session.change("POST", "/v1/pairs/" + options.pair + "/snapshots",
                                     take_snapshot_body(options.tags), options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    const auto id = read_order_id(*body);
    if (!id) {
        return tl::unexpected(id.error());
    }
    if (options.no_wait) {
        if (session.json()) {
            session.print_json(*body);
        } else {
            session.out().stream << harmless(*id) << " is asked for; `lockstep snapshot list "
                                 << options.pair << "` shows how far it is.\n";
        }
        return ExitStatus::done;
    }
    const auto ended = wait_for_order(session, options.pair, "take", *id);
    if (!ended) {
        return tl::unexpected(ended.error());
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        print_taken(session.out(), *ended, *id);
    }
    return ExitStatus::done;
}

} // namespace

void add_snapshot_create(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "create", "Take a snapshot now, from the standby; it is kept until it is deleted");
    const auto options = std::make_shared<CreateOptions>();
    add_pair_name(*verb, options->pair);
    verb->add_option("--tag", options->tags, "Written beside it; may be repeated")
        ->type_name("KEY=VALUE");
    verb->add_flag("--no-wait", options->no_wait, "Do not wait until it is taken");
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep snapshot create shop",
                          "lockstep snapshot create shop --tag why=before-migration",
                          "lockstep snapshot create shop --no-wait --json"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return create(session, *options); });
    });
}

} // namespace lockstep::cli
