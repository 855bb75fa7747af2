#include <memory>

#include "cli/primary_change.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"
#include "cli/views.h"

namespace lockstep::cli {
namespace {

struct FailoverOptions {
    PrimaryChange change;
    bool accept_data_loss = false;
    std::string fenced_by;
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
    if (refusal.status != ExitStatus::failed || options.accept_data_loss) {
        return refusal;
    }
    const auto body = session.get("/v1/pairs/" + options.change.pair);
    const auto pair = body ? read_pair(*body) : Answer<PairView>(tl::unexpected(body.error()));
    if (pair && pair->standby.empty()) {
        refusal.message += about_loss;
    }
    return refusal;
}

Answer<ExitStatus> fail_over(Session& session, const FailoverOptions& options) {
    const auto body =
        failover_body({options.change.to, options.accept_data_loss, options.fenced_by});
    return change_primary(session, options.change, body,
                          [&options](Session& asking, Failure refusal) {
                              return explain(asking, options, std::move(refusal));
                          });
}

void add_loss_options(CLI::App& verb, FailoverOptions& options) {
    auto* accept = verb.add_flag("--accept-data-loss", options.accept_data_loss,
                                 "Promote a member that is not in sync: acknowledged commits may "
                                 "be missing on it");
    auto* fenced = verb.add_option("--fenced-by", options.fenced_by,
                                   "With it: how the old primary was stopped for good, for the log")
                       ->type_name("TEXT");
    accept->needs(verb.get_option("--to"))->needs(fenced);
    fenced->needs(accept);
}

} // namespace

void add_failover(CLI::App& app, const Choose& choose) {
    auto* verb =
        app.add_subcommand("failover", "Make the standby the primary; nothing is lost by it");
    const auto options = std::make_shared<FailoverOptions>();
    options->change.word = "failover";
    options->change.usual_patience = usual_patience;
    add_aim(*verb, options->change);
    add_loss_options(*verb, *options);
    add_manner(*verb, options->change);
    give_examples(*verb, {"lockstep failover shop --dry-run", "lockstep failover shop",
                          "lockstep failover shop --to b --accept-data-loss "
                          "--fenced-by \"host a is powered off\""});
    verb->callback([options, choose] {
        choose([options](Session& session) { return fail_over(session, *options); });
    });
}

} // namespace lockstep::cli
