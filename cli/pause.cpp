#include <memory>
#include <ostream>

#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct PauseOptions {
    std::string pair;
    bool dry_run = false;
};

using Words = std::string (*)(const std::string& pair);

std::string paused_words(const std::string& pair) {
    return pair + " is paused: no failover, rebuild or replacement until `lockstep resume " + pair +
           "`. A lost standby is still let go, so that the primary can go on.";
}

std::string resumed_words(const std::string& pair) {
    return pair + " is looked after again: failover, rebuild and replacement go on.";
}

Answer<ExitStatus> set_paused(Session& session, const PauseOptions& options,
                              const std::string& action, Words words) {
    const auto body =
        session.change("POST", "/v1/pairs/" + options.pair + "/" + action, "", options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << paragraph("", words(options.pair), session.out().width);
    }
    return ExitStatus::done;
}

void add_verb(CLI::App& app, const Choose& choose, const std::string& action,
              const std::string& about, Words words) {
    auto* verb = app.add_subcommand(action, about);
    const auto options = std::make_shared<PauseOptions>();
    add_pair_name(*verb, options->pair);
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep " + action + " shop"});
    verb->callback([options, choose, action, words] {
        choose([options, action, words](Session& session) {
            return set_paused(session, *options, action, words);
        });
    });
}

} // namespace

void add_pause(CLI::App& app, const Choose& choose) {
    add_verb(app, choose, "pause", "Stop failover, rebuild and replacement for a pair",
             paused_words);
}

void add_resume(CLI::App& app, const Choose& choose) {
    add_verb(app, choose, "resume", "Let a paused pair be looked after again", resumed_words);
}

} // namespace lockstep::cli
