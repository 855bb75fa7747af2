#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/sim/history.h"
#include "tests/sim/many.h"
#include "tests/sim/replay.h"

namespace {

using namespace lockstep::sim;

constexpr int violated = 1;
constexpr int unreadable = 2;

std::string name_of(Engine engine) {
    return engine == Engine::postgresql ? "postgresql" : "semisync";
}

int run_one(std::uint64_t seed, Engines engines, bool json) {
    HistoryOptions options;
    options.engine = engine_of(seed, engines);
    options.keeps_trace = true;
    const auto outcome = run_history(seed, options);
    if (json) {
        Totals totals;
        totals.add(outcome);
        std::cout << totals.json() << "\n";
    } else {
        for (const auto& line : outcome.trace) {
            std::cout << line << "\n";
        }
        std::cout << "seed " << seed << ": " << outcome.faults << " faults, "
                  << outcome.acknowledged << " acknowledged, " << outcome.lost << " lost, trace "
                  << std::hex << outcome.trace_hash << std::dec << "\n"
                  << (outcome.violation ? "VIOLATED " + outcome.violation->invariant + ": " +
                                              outcome.violation->what
                                        : std::string("every invariant held"))
                  << "\n";
    }
    return outcome.violation ? violated : 0;
}

int run_all(std::uint64_t first, std::uint64_t histories, Engines engines, bool json) {
    const auto totals =
        run_many(first, histories, engines, [engines](const HistoryOutcome& outcome) {
            std::cerr << "seed " << outcome.seed << ": " << outcome.violation->invariant << ": "
                      << outcome.violation->what << "\n   deploy/simulate --engine "
                      << name_of(engine_of(outcome.seed, engines)) << " --seed " << outcome.seed
                      << " shows the whole of it\n";
        });
    if (json) {
        std::cout << totals.json() << "\n";
    } else {
        std::cout << totals.text() << "\n";
    }
    return totals.violations == 0 ? 0 : violated;
}

int replay_file(const std::string& path) {
    const auto outcome = replay(path);
    if (!outcome) {
        std::cerr << "lockstep-simulate: " << outcome.error().message << "\n";
        return unreadable;
    }
    std::cout << outcome->pair << ": " << outcome->inputs << " inputs decided upon again, "
              << (outcome->difference.empty() ? std::string("every decision is the same")
                                              : "the first difference is " + outcome->difference)
              << "\n";
    return outcome->difference.empty() ? 0 : violated;
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app("The real controller and agents over virtual time, with faults by seed.");
    std::uint64_t histories = 200;
    std::uint64_t first = 1;
    std::uint64_t seed = 0;
    bool json = false;
    app.add_option("--histories", histories, "How many histories, each of a seed of its own");
    app.add_option("--first", first, "The seed of the first one");
    const auto* one = app.add_option("--seed", seed, "Only this one, told step by step");
    std::string incident;
    const auto* again = app.add_option("--replay", incident,
                                       "Decide again upon what `lockstep incident export` wrote");
    auto engines = Engines::both;
    const std::map<std::string, Engines> names = {{"postgresql", Engines::postgresql},
                                                  {"semisync", Engines::semisync},
                                                  {"both", Engines::both}};
    app.add_option("--engine", engines,
                   "Whose model the databases are: postgresql, semisync (MySQL and MariaDB take "
                   "turns), or both (by seed)")
        ->transform(CLI::CheckedTransformer(names, CLI::ignore_case));
    app.add_flag("--json", json, "One JSON object");
    CLI11_PARSE(app, argc, argv);
    if (again->count() > 0) {
        return replay_file(incident);
    }
    return one->count() > 0 ? run_one(seed, engines, json)
                            : run_all(first, histories, engines, json);
}
