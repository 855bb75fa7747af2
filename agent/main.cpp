#include <filesystem>
#include <optional>

#include <CLI/CLI.hpp>

#include "agent/run.h"
#include "controller/run.h"

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

} // namespace

int main(int count, char** words) {
    CLI::App program{"Lockstep's daemon: keeps PostgreSQL pairs alive with nothing lost"};
    program.require_subcommand(1);
    Asked asked;
    const auto* const controller = add(program, "controller", "observes, decides, tells", asked);
    const auto* const agent = add(program, "agent", "runs beside one database", asked);
    auto* const join = add(program, "join", "makes this host one of the installation's", asked);
    join->add_option("--token-file", asked.token_file,
                     "holds the join token; without it, standard input does");
    try {
        program.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : usage;
    }
    if (controller->parsed()) {
        return lockstep::run_controller(asked.config);
    }
    return agent->parsed() ? lockstep::run_agent(asked.config)
                           : lockstep::run_join(asked.config, asked.token_file);
}
