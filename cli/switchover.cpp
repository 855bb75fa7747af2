#include <memory>

#include "cli/primary_change.h"
#include "cli/request_bodies.h"
#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

// A checkpoint of much that is dirty takes minutes; the database serves meanwhile.
constexpr std::chrono::minutes usual_patience{15};

} // namespace

void add_switchover(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand("switchover", "Change primary and standby over, as planned: "
                                                  "the primary stops cleanly first");
    const auto change = std::make_shared<PrimaryChange>();
    change->word = "switchover";
    change->usual_patience = usual_patience;
    add_aim(*verb, *change);
    add_manner(*verb, *change);
    give_examples(*verb, {"lockstep switchover shop --dry-run", "lockstep switchover shop"});
    verb->callback([change, choose] {
        choose([change](Session& session) {
            return change_primary(session, *change, switchover_body(change->to), {});
        });
    });
}

} // namespace lockstep::cli
