#include <memory>
#include <ostream>

#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

struct ProtectOptions {
    std::string pair;
    bool dry_run = false;
};

struct Action {
    std::string verb; // "protect"
    std::string about;
    std::string (*done)(const std::string& pair);
};

std::string protected_words(const std::string& pair) {
    return pair + " is protected: it is not deleted before `lockstep pair unprotect " + pair + "`.";
}

std::string unprotected_words(const std::string& pair) {
    return pair + " is protected no longer: `lockstep pair delete " + pair + "` deletes it.";
}

Answer<ExitStatus> run(Session& session, const ProtectOptions& options, const Action& action) {
    const auto body = session.change("POST", "/v1/pairs/" + options.pair + "/" + action.verb, "",
                                     options.dry_run);
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (options.dry_run) {
        return show_dry_run(session, *body);
    }
    if (session.json()) {
        session.print_json(*body);
    } else {
        session.out().stream << paragraph("", action.done(options.pair), session.out().width);
    }
    return ExitStatus::done;
}

void add_verb(CLI::App& pair, const Choose& choose, const Action& action) {
    auto* verb = pair.add_subcommand(action.verb, action.about);
    const auto options = std::make_shared<ProtectOptions>();
    add_pair_name(*verb, options->pair);
    add_dry_run(*verb, options->dry_run);
    give_examples(*verb, {"lockstep pair " + action.verb + " shop",
                          "lockstep pair " + action.verb + " shop --dry-run"});
    verb->callback([options, choose, action] {
        choose([options, action](Session& session) { return run(session, *options, action); });
    });
}

} // namespace

void add_pair_protect(CLI::App& pair, const Choose& choose) {
    add_verb(pair, choose,
             {"protect", "Refuse to delete a pair, until it is unprotected", protected_words});
}

void add_pair_unprotect(CLI::App& pair, const Choose& choose) {
    add_verb(pair, choose,
             {"unprotect", "Let a protected pair be deleted again", unprotected_words});
}

} // namespace lockstep::cli
