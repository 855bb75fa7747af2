#include <cstdint>
#include <filesystem>
#include <optional>

#include <CLI/CLI.hpp>

#include "agent/guardian.h"
#include "agent/run.h"
#include "controller/run.h"
#include "platform/log.h"

namespace {

constexpr int usage = 2;

struct Asked {
    std::filesystem::path config;
    std::optional<std::filesystem::path> token_file;
};

CLI::App* add(CLI::App& program, const char* name, const char* description, Asked& asked) {
    auto* const part = program.add_subcommand(name, description);
    part->add_option("--config", asked.config, "the configuration file")->required();
    return part;
}

CLI::App* add_guardian(CLI::App& program, lockstep::GuardianPlan& plan, std::int64_t& lost_ms) {
    auto* const part = program.add_subcommand(
        "guardian", "ends a database whose agent hangs; agents start it themselves");
    part->add_option("--page", plan.page, "what the agent tells it")->required();
    part->add_option("--data", plan.data, "the database's data folder")->required();
    part->add_option("--ticket", plan.ticket, "without it the database does not start")->required();
    part->add_option("--cgroup", plan.cgroup, "the control group that the database runs in");
    part->add_option("--agent-lost-after-ms", lost_ms, "how long the agent may be silent")
        ->required();
    return part;
}

} // namespace

int main(int count, char** words) {
    CLI::App program{"Lockstep's daemon: keeps database pairs alive with nothing lost"};
    program.require_subcommand(1);
    Asked asked;
    const auto* const controller = add(program, "controller", "observes, decides, tells", asked);
    const auto* const agent = add(program, "agent", "runs beside one database", asked);
    auto* const join = add(program, "join", "makes this host one of the installation's", asked);
    join->add_option("--token-file", asked.token_file,
                     "holds the join token; without it, standard input does");
    bool json = false;
    auto* const check = add(program, "check",
                            "looks at an agent's file and host, and tells what "
                            "is wrong",
                            asked);
    check->add_flag("--json", json, "prints it as JSON");
    lockstep::GuardianPlan plan;
    std::int64_t lost_ms = 0;
    const auto* const guardian = add_guardian(program, plan, lost_ms);
    try {
        program.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : usage;
    }
    if (controller->parsed()) {
        return lockstep::run_controller(asked.config);
    }
    if (guardian->parsed()) {
        plan.agent_lost_after = lockstep::Milliseconds{lost_ms};
        lockstep::start_log("guardian");
        return lockstep::run_guardian(plan);
    }
    if (check->parsed()) {
        return lockstep::run_check(asked.config, json);
    }
    return agent->parsed() ? lockstep::run_agent(asked.config)
                           : lockstep::run_join(asked.config, asked.token_file);
}
