#include <ostream>

#include "cli/humanise.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/views.h"

namespace lockstep::cli {
namespace {

Answer<ExitStatus> show_agents(Session& session) {
    const auto body = session.get("/v1/agents");
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (session.json()) {
        session.print_json(*body);
        return ExitStatus::done;
    }
    const auto agents = read_agents(*body);
    if (!agents) {
        return tl::unexpected(agents.error());
    }
    if (agents->empty()) {
        session.out().stream << "No agents. One joins with a token:\n"
                                "  lockstep token create MEMBER\n";
        return ExitStatus::done;
    }
    Table table({{"MEMBER"}, {"PAIR"}, {"ZONE"}, {"HOST"}, {"DATABASE"}, {"ENGINE"}, {"AGENT"}});
    for (const auto& agent : *agents) {
        table.add({{agent.member, Ink::bold},
                   {agent.pair.empty() ? "-" : agent.pair},
                   {agent.zone},
                   {agent.host},
                   {agent.address + ":" + std::to_string(agent.port)},
                   {agent.engine},
                   agent.connected ? Cell{"connected", Ink::green}
                                   : Cell{"silent for " + show_span(agent.silent), Ink::red}});
    }
    table.print(session.out());
    return ExitStatus::done;
}

} // namespace

void add_agents(CLI::App& app, const Choose& choose) {
    auto* verb = app.add_subcommand("agents", "List the agents that the controller knows");
    give_examples(*verb, {"lockstep agents",
                          "lockstep agents --json | jq '.agents[] | select(.pair==null)'"});
    verb->callback([choose] { choose(show_agents); });
}

} // namespace lockstep::cli
