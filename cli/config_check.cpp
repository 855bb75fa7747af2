#include "cli/verbs.h"

namespace lockstep::cli {
namespace {

constexpr const char* usual_file = "/etc/lockstep/agent.toml";

/// The daemon's program does it: it knows the engines, and runs on the agent's host.
Answer<ExitStatus> check(Session& session, const std::string& file) {
    std::vector<std::string> words = {"check", "--config", file};
    if (session.json()) {
        words.emplace_back("--json");
    }
    session.out().stream.flush();
    return tl::unexpected(session.become()(words));
}

} // namespace

void add_config_check(CLI::App& config, const Choose& choose) {
    auto* verb = config.add_subcommand(
        "check", "On an agent's host, as its user: what is wrong with its file, the host, the "
                 "engine's programs, and its server if it runs; asks no controller");
    const auto file = std::make_shared<std::string>(usual_file);
    verb->add_option("--config", *file,
                     std::string("The agent's file (default ") + usual_file + ")")
        ->type_name("FILE");
    give_examples(*verb, {"lockstep config check",
                          "runuser -u mysql -- lockstep config check --config agent.toml --json"});
    verb->callback(
        [file, choose] { choose([file](Session& session) { return check(session, *file); }); });
}

} // namespace lockstep::cli
