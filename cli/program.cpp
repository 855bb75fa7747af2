#include "cli/program.h"

#include <algorithm>
#include <ostream>

#include "cli/help.h"
#include "cli/verbs.h"
#include "cli/wrap.h"

namespace lockstep::cli {
namespace {

constexpr auto closing_words = R"(Where it looks for --controller and --identity, the first counts:
  the option; LOCKSTEP_CONTROLLER and LOCKSTEP_IDENTITY;
  $XDG_CONFIG_HOME/lockstep/cli.toml (or ~/.config/lockstep/cli.toml); /etc/lockstep/cli.toml
  with controller = "IP:PORT" and identity = "DIR".

Exit status:
  0  done
  1  refused or failed
  2  a mistake in the command line or the configuration
  3  the controller gave no answer
  4  no such pair, member or agent
  5  waited until the timeout; the work goes on
  6  `status`: a pair is not in sync, or in alarm

Colours are used on a terminal only, and not with NO_COLOR set.)";

void add_global_options(CLI::App& app, GlobalOptions& options) {
    app.add_option("--controller", options.given.controller, "Address of the controller's API")
        ->type_name("IP:PORT");
    app.add_option("--identity", options.given.identity,
                   "Folder with ca.pem, operator.pem and operator.key")
        ->type_name("DIR");
    app.add_flag("--json", options.json,
                 "Print the API's JSON; errors stay text, on standard error");
    app.add_option("--timeout", options.timeout_seconds,
                   "How long to wait, for an answer or until the work is done")
        ->type_name("SECONDS")
        ->check(CLI::Range(1U, 604800U).description(""));
}

CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& about) {
    auto* group = app.add_subcommand(name, about);
    group->require_subcommand(1);
    group->footer("");
    return *group;
}

void add_verbs(CLI::App& app, const Choose& choose) {
    add_status(app, choose);
    add_events(app, choose);
    auto& pair = add_group(app, "pair", "Make, show, protect and delete pairs");
    add_pair_create(pair, choose);
    add_pair_show(pair, choose);
    add_pair_protect(pair, choose);
    add_pair_unprotect(pair, choose);
    add_pair_delete(pair, choose);
    auto& member = add_group(app, "member", "Add members to a pair, and take them out");
    add_member_add(member, choose);
    add_member_remove(member, choose);
    add_failover(app, choose);
    add_switchover(app, choose);
    add_pause(app, choose);
    add_resume(app, choose);
    add_agents(app, choose);
    auto& divergence = add_group(app, "divergence", "What old primaries had alone, and is kept");
    add_divergence_list(divergence, choose);
    add_divergence_show(divergence, choose);
    auto& snapshot = add_group(app, "snapshot", "Take, list, prove, delete and restore snapshots");
    add_snapshot_create(snapshot, choose);
    add_snapshot_list(snapshot, choose);
    add_snapshot_show(snapshot, choose);
    add_snapshot_check(snapshot, choose);
    add_snapshot_verify(snapshot, choose);
    add_snapshot_plan(snapshot, choose);
    add_snapshot_delete(snapshot, choose);
    add_snapshot_forget(snapshot, choose);
    add_snapshot_restore(snapshot, choose);
    add_snapshot_schedule(snapshot, choose);
    auto& token = add_group(app, "token", "Let hosts join");
    add_token_create(token, choose);
    auto& authority = add_group(app, "ca", "The certificate authority of an installation");
    add_ca_init(authority, choose);
    auto& incident = add_group(app, "incident", "What was seen and decided, to be replayed");
    add_incident_export(incident, choose);
    auto& config = add_group(app, "config", "What an agent's file and host are worth");
    add_config_check(config, choose);
    add_advise(app, choose);
    add_explain(app, choose);
    add_completion(app, choose);
    const auto is_any = [](const CLI::App*) { return true; };
    for (auto* verb : app.get_subcommands(is_any)) {
        verb->group("Verbs");
        for (auto* inner : verb->get_subcommands(is_any)) {
            inner->group("Verbs");
        }
    }
}

/// The innermost verb that was read.
const CLI::App& innermost(const CLI::App& app) {
    const auto* verb = &app;
    while (!verb->get_subcommands().empty()) {
        verb = verb->get_subcommands().front();
    }
    return *verb;
}

std::string full_name(const CLI::App& verb) {
    return (verb.get_parent() != nullptr ? full_name(*verb.get_parent()) + " " : "") +
           verb.get_name();
}

std::string verbs_of(const CLI::App& app) {
    std::string names;
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        names += (names.empty() ? "" : ", ") + verb->get_name();
    }
    return names;
}

/// What is wrong with the command line, and where to read on.
std::string explain_mistake(const CLI::App& app, const CLI::Error& mistake) {
    const auto& verb = innermost(app);
    const auto words = verbs_of(verb);
    std::string what = mistake.what();
    if (!words.empty()) {
        const auto left = app.remaining(true);
        const auto word = std::find_if(left.begin(), left.end(), [](const std::string& text) {
            return !text.empty() && text.front() != '-';
        });
        what = word == left.end() ? "what to do is missing; verbs: " + words
                                  : "there is no verb \"" + *word + "\"; verbs: " + words;
    }
    return what + "\nSee `" + full_name(verb) + " --help`.";
}

void print_failure(const Screen& screen, const std::string& message) {
    screen.stream << painted(screen, Ink::red, "lockstep: ") << message << "\n" << std::flush;
}

int run_chosen(const Run& chosen, Environment& environment, const GlobalOptions& options) {
    Session session(environment, options);
    const auto ended = chosen(session);
    environment.terminal.out.stream.flush();
    if (!ended) {
        print_failure(environment.terminal.err, ended.error().message);
        return static_cast<int>(ended.error().status);
    }
    return static_cast<int>(*ended);
}

} // namespace

int run_program(std::vector<std::string> arguments, Environment& environment) {
    CLI::App app("Keeps database pairs alive with nothing lost: the ops command line of Lockstep",
                 "lockstep");
    GlobalOptions options;
    Run chosen;
    const auto& terminal = environment.terminal;
    app.formatter(std::make_shared<HelpFormatter>(terminal.out.width));
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", std::string("lockstep ") + LOCKSTEP_VERSION);
    add_global_options(app, options);
    add_verbs(app, [&chosen](Run run) { chosen = std::move(run); });
    app.footer(closing_words);
    if (arguments.empty()) {
        terminal.err.stream << app.help() << std::flush;
        return static_cast<int>(ExitStatus::usage);
    }
    try {
        std::reverse(arguments.begin(), arguments.end()); // CLI11 takes them from the back.
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& ended) {
        if (ended.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
            return app.exit(ended, terminal.out.stream, terminal.err.stream);
        }
        print_failure(terminal.err, explain_mistake(app, ended));
        return static_cast<int>(ExitStatus::usage);
    }
    return run_chosen(chosen, environment, options);
}

} // namespace lockstep::cli
