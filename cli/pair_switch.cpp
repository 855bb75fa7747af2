#include <memory>

#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

struct SwitchOptions {
    std::string pair;
    bool dry_run = false;
};

Answer<ExitStatus> turn(Session& session, const SwitchOptions& options, const PairSwitch& made) {
    const auto body =
        session.change("POST", "/v1/pairs/" + options.pair + "/" + made.word, "", options.dry_run);
    return show_change(session, body, options.dry_run, made.done(options.pair));
}

} // namespace

void add_pair_switch(CLI::App& above, const Choose& choose, const PairSwitch& made) {
    auto* verb = above.add_subcommand(made.word, made.about);
    const auto options = std::make_shared<SwitchOptions>();
    add_pair_name(*verb, options->pair);
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, made.examples);
    verb->callback([options, choose, made] {
        choose([options, made](Session& session) { return turn(session, *options, made); });
    });
}

} // namespace lockstep::cli
