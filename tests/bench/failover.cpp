#include "tests/bench/failover.h"

#include <algorithm>
#include <fstream>
#include <iostream>

#include "tests/bench/progress.h"
#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace lockstep::bench {

using testbed::Engine;

namespace {

// In the order of the table. Throws testbed::Failure on a name that is not there.
std::vector<Result> chosen(const FailoverOptions& options, Engine engine) {
    std::vector<Result> results;
    std::size_t found = 0;
    for (const auto& scenario : scenarios()) {
        const bool named = std::ranges::find(options.names, scenario.name) != options.names.end();
        found += named ? 1 : 0;
        if (named || options.names.empty()) {
            results.push_back({&scenario, engine, {}, {}});
        }
    }
    if (found < options.names.size()) {
        throw testbed::Failure("there is no such scenario; there are:\n" + scenario_list());
    }
    return results;
}

std::string in_words(const Sample& sample) {
    std::string text = std::to_string(sample.outage) + " ms without a write (servers " +
                       std::to_string(sample.outage_servers) + " ms)";
    if (sample.redundant) {
        text += ", in sync again after " + std::to_string(*sample.redundant) + " ms";
    }
    text += ", lost " + std::to_string(sample.lost) + " of " + std::to_string(sample.acknowledged);
    return text + (sample.split > 0 ? ", SPLIT " + std::to_string(sample.split) : "");
}

void run_all(Result& result, std::size_t repeat, Rig& rig, Progress& progress) {
    const std::string name = result.scenario->name;
    for (std::size_t run = 0; run < repeat; ++run) {
        try {
            const auto sample = rig.run(*result.scenario);
            result.samples.push_back(sample);
            progress.done(name + ": " + in_words(sample));
        } catch (const std::exception& failure) {
            const std::string why = failure.what();
            result.trouble = why.substr(0, why.find('\n'));
            progress.done(name + " could not be run: " + why);
        }
    }
}

} // namespace

std::string scenario_list() {
    std::string text;
    for (const auto& scenario : scenarios()) {
        const std::string name = scenario.name;
        text += "  " + name + std::string(name.size() < 29 ? 29 - name.size() : 1, ' ') +
                scenario.what + "\n";
    }
    return text;
}

int measure_failover(const FailoverOptions& options) {
    const auto engine = testbed::engine_named(options.engine);
    static_cast<void>(testbed::programs_of(engine)); // Better said before anything is made.
    auto results = chosen(options, engine);
    Progress progress(results.size() * options.repeat);
    Rig rig(engine, options.data_mib, [&](const std::string& text) { progress.tell(text); });
    progress.tell("measuring the floor: plain " + testbed::product_of(engine) + " and a script");
    const auto floor = rig.floor(options.repeat);
    bool good = floor.lost == 0;
    for (auto& result : results) {
        run_all(result, options.repeat, rig, progress);
        good = good && result.lost() == 0 && result.split() == 0 && result.trouble.empty();
    }
    if (!options.events.empty()) {
        std::ofstream file(options.events, std::ios::trunc);
        print_events(results, file);
        if (!file.flush()) {
            throw testbed::Failure("cannot write " + options.events);
        }
    }
    if (options.json) {
        print_json(results, floor, std::cout);
        print_tables(results, floor, std::cerr);
    } else {
        print_tables(results, floor, std::cout);
    }
    return good ? 0 : 1;
}

} // namespace lockstep::bench
