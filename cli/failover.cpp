#include <memory>
#include <ostream>

#include "cli/humanise.h"
#include "cli/new_primary.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "cli/wait.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct FailoverOptions {
    std::string pair;
    Failover failover;
    bool no_wait = false;
    bool dry_run = false;
};

constexpr std::chrono::minutes usual_patience{2};

constexpr auto about_loss = R"(
What that means:
  --accept-data-loss  promotes the member of --to although commits that clients were told are
                      safe may be missing on it: they are lost to the pair.
  --fenced-by TEXT    is your word on how the old primary was stopped for good (powered off,
                      disk detached): if it still serves, there are two primaries. It is
                      written into the event log.
  Nothing is thrown away: what the old primary has is kept before it rejoins.)";

/// The controller refused. Where that is for want of a standby, the user has a choice to make.
Failure explain(Session& session, const FailoverOptions& options, Failure refusal) {
    if (refusal.status != ExitStatus::failed || options.failover.accept_data_loss) {
        return refusal;
    }
    const auto body = session.get("/v1/pairs/" + options.pair);
    const auto pair = body ? read_pair(*body) : Answer<PairView>(tl::unexpected(body.error()));
    if (pair && pair->standby.empty()) {
        refusal.message += about_loss;
    }
    return refusal;
}

/// Ends when another primary serves, or when the controller dropped what was asked for.
Judge judge_from(const ChangeView& asked) {
    return [asked](const PairView& pair) -> std::optional<Answer<void>> {
        if (pair.epoch > asked.epoch && pair.served) {
            return Answer<void>{};
        }
        if (pair.epoch == asked.epoch && pair.revision > asked.revision && pair.intent.empty()) {
            return give_up(ExitStatus::failed, "the failover of " + pair.pair + " was given up: " +
                                                   harmless(pair.because) + ". `lockstep events " +
                                                   pair.pair + "` tells why.");
        }
        return std::nullopt;
    };
}

Answer<ExitStatus> wait_until_served(Session& session, const FailoverOptions& options,
                                     const std::string& body) {
    const auto asked = read_change(body);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const auto waited =
        wait_for_pair(session, options.pair, session.patience(usual_patience), judge_from(*asked));
    if (!waited) {
        return tl::unexpected(waited.error());
    }
    if (session.json()) {
        session.print_json(waited->body);
    } else {
        print_new_primary(session.out(), *waited);
    }
    return ExitStatus::done;
}

Answer<ExitStatus> fail_over(Session& session, const FailoverOptions& options) {
    const auto body = session.change("POST", "/v1/pairs/" + options.pair + "/failover",
                                     failover_body(options.failover), options.dry_run);
    if (!body) {
        return tl::unexpected(explain(session, options, body.error()));
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (!options.no_wait) {
        return wait_until_served(session, options, *body);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << "The failover of " << options.pair
                             << " is asked for; `lockstep status " << options.pair
                             << "` shows how far it is.\n";
    }
    return ExitStatus::done;
}

void add_options(CLI::App& verb, FailoverOptions& options) {
    auto& failover = options.failover;
    add_pair_name(verb, options.pair);
    auto* to =
        verb.add_option("--to", failover.to, "The new primary (default: the standby in sync)")
            ->type_name("MEMBER")
            ->check(check_member_name);
    auto* accept = verb.add_flag("--accept-data-loss", failover.accept_data_loss,
                                 "Promote a member that is not in sync: acknowledged commits may "
                                 "be missing on it");
    auto* fenced = verb.add_option("--fenced-by", failover.fenced_by,
                                   "With it: how the old primary was stopped for good, for the log")
                       ->type_name("TEXT");
    accept->needs(to)->needs(fenced);
    fenced->needs(accept);
    verb.add_flag("--no-wait", options.no_wait, "Do not wait until the new primary serves");
    add_dry_run(verb, options.dry_run);
}

} // namespace

void add_failover(CLI::App& app, const Choose& choose) {
    auto* verb =
        app.add_subcommand("failover", "Make the standby the primary; nothing is lost by it");
    const auto options = std::make_shared<FailoverOptions>();
    add_options(*verb, *options);
    give_examples(*verb, {"lockstep failover shop --dry-run", "lockstep failover shop",
                          "lockstep failover shop --to b --accept-data-loss "
                          "--fenced-by \"host a is powered off\""});
    verb->callback([options, choose] {
        choose([options](Session& session) { return fail_over(session, *options); });
    });
}

} // namespace lockstep::cli
