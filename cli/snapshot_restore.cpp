#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/instant.h"
#include "cli/place.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "cli/wait.h"
#include "cli/wrap.h"
#include "core/snapshot_id.h"

namespace lockstep::cli {
namespace {

struct RestoreOptions {
    std::string source; // A snapshot's id or a pair's name.
    std::string at;
    std::string position;
    Restore restore;
    bool no_wait = false;
    bool dry_run = false;
};

constexpr std::chrono::hours usual_patience{24};

void read_source(RestoreOptions& options) {
    if (const auto pair = pair_of_snapshot(options.source)) {
        options.restore.snapshot = options.source;
        options.restore.pair = *pair;
    } else {
        options.restore.pair = options.source;
    }
}

Answer<void> read_target(RestoreOptions& options, const Session& session) {
    if (!options.at.empty()) {
        const auto at = parse_instant(options.at);
        if (!at) {
            return give_up(ExitStatus::usage, "--at " + at.error().message);
        }
        options.restore.unix_ms = *at;
        session.err().stream << "lockstep: to the last commit at or before " << show_instant(*at)
                             << ".\n";
    } else if (!options.position.empty()) {
        const auto place = parse_place(options.position);
        if (!place) {
            return give_up(ExitStatus::usage, "--lsn (--position) " + place.error().message);
        }
        options.restore.position = *place;
    } else if (!options.restore.snapshot.empty() && options.restore.transaction.empty() &&
               options.restore.name.empty()) {
        options.restore.consistent = true; // What the snapshot holds, and no more.
    }
    return {};
}

std::optional<Answer<void>> serves(const PairView& pair, bool with_standby) {
    if (pair.served && (!with_standby || pair.phase == "in sync")) {
        return Answer<void>{};
    }
    return std::nullopt;
}

Answer<ExitStatus> wait_until_served(Session& session, const Restore& restore) {
    const auto judge = [with_standby = !restore.standby.empty()](const PairView& pair) {
        return serves(pair, with_standby);
    };
    const auto waited = wait_for_pair(session, restore.as, session.patience(usual_patience), judge);
    if (!waited) {
        return tl::unexpected(waited.error());
    }
    if (session.json()) {
        session.print_json(waited->body);
        return ExitStatus::done;
    }
    const auto& pair = waited->pair;
    auto text = restore.as + " serves after " + show_span(waited->took) + ": primary " +
                pair.primary + ". Its name: " + pair.endpoint.name + ".";
    if (pair.standby.empty()) {
        text += " It is alone: `lockstep member add " + restore.as + " MEMBER` gives it a standby.";
    }
    session.out().stream << paragraph("", text, session.out().width);
    return ExitStatus::done;
}

Answer<ExitStatus> restore(Session& session, RestoreOptions options) {
    read_source(options);
    if (const auto target = read_target(options, session); !target) {
        return tl::unexpected(target.error());
    }
    const auto body =
        session.change("POST", "/v1/restores", restore_body(options.restore), options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (!options.no_wait) {
        return wait_until_served(session, options.restore);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << options.restore.as << " is being restored; `lockstep status "
                             << options.restore.as << "` shows how far it is.\n";
    }
    return ExitStatus::done;
}

void add_options(CLI::App& verb, RestoreOptions& options) {
    auto& restore = options.restore;
    verb.add_option("SOURCE", options.source, "A snapshot's id, or a pair's name")
        ->required()
        ->type_name("");
    auto* targets = verb.add_option_group("target", "Where to end; without one: a snapshot's own "
                                                    "state, or the end of a pair's log");
    targets->add_option("--at", options.at, "The last commit at or before this time")
        ->type_name("TIME");
    targets->add_option("--xid,--gtid", restore.transaction, "This transaction, and all before it")
        ->type_name("ID");
    targets
        ->add_option("--lsn,--position", options.position,
                     "This place in the log, and all before it")
        ->type_name("PLACE");
    targets->add_option("--name", restore.name, "A restore point that was named in the database")
        ->type_name("NAME");
    targets->require_option(0, 1);
    verb.add_flag("--before", restore.exclusive, "With --xid or --gtid: end right before it");
    verb.add_option("--to", restore.to, "The agent that restores it: in no pair, without data")
        ->required()
        ->type_name("MEMBER")
        ->check(check_member_name);
    verb.add_option("--as", restore.as, "The new pair's name")
        ->required()
        ->type_name("PAIR")
        ->check(check_pair_name);
    verb.add_option("--standby", restore.standby, "A second agent that becomes its standby")
        ->type_name("MEMBER")
        ->check(check_member_name);
    verb.add_flag("--no-wait", options.no_wait, "Do not wait until it serves");
    add_dry_run(verb, options.dry_run);
}

} // namespace

void add_snapshot_restore(CLI::App& snapshot, const Choose& choose) {
    auto* verb = snapshot.add_subcommand(
        "restore", "Restore a snapshot, or a pair as it was at any time, into a new pair");
    const auto options = std::make_shared<RestoreOptions>();
    add_options(*verb, *options);
    give_examples(
        *verb, {"lockstep snapshot restore shop-20261126t034500z-a1b2 --to c --as shop-old",
                "lockstep snapshot restore shop --at 2026-11-26T03:44:59Z --to c --as shop-before",
                "lockstep snapshot restore shop --at '2026-11-26 04:44:59+01:00' --to c "
                "--standby d --as shop-before --dry-run"});
    verb->callback([options, choose] {
        choose([options](Session& session) { return restore(session, *options); });
    });
}

} // namespace lockstep::cli
