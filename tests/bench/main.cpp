// lockstep-bench: what clients notice of each fault, on real servers, beside what is possible.
#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/bench/report.h"
#include "tests/bench/rig.h"

namespace lockstep::bench {
namespace {

using testbed::Clock;

struct Options {
    std::vector<std::string> names;
    std::size_t repeat = 5;
    std::string events; // A file; empty: none.
    bool json = false;
};

std::string scenario_list() {
    std::string text;
    for (const auto& scenario : scenarios()) {
        const std::string name = scenario.name;
        text += "  " + name + std::string(name.size() < 29 ? 29 - name.size() : 1, ' ') +
                scenario.what + "\n";
    }
    return text;
}

// In the order of the table. Throws testbed::Failure on a name that is not there.
std::vector<Result> chosen(const Options& options) {
    std::vector<Result> results;
    std::size_t found = 0;
    for (const auto& scenario : scenarios()) {
        const bool named = std::ranges::find(options.names, scenario.name) != options.names.end();
        found += named ? 1 : 0;
        if (named || options.names.empty()) {
            results.push_back({&scenario, {}, {}});
        }
    }
    if (found < options.names.size()) {
        throw testbed::Failure("there is no such scenario; there are:\n" + scenario_list());
    }
    return results;
}

// To standard error: what was done, and how long the rest will take.
class Progress {
public:
    explicit Progress(std::size_t runs) : runs_(runs) {}

    void tell(const std::string& text) const { std::cerr << stamp() << text << std::endl; }
    void done(const std::string& text) {
        ++done_;
        const auto elapsed = Clock::now() - begin_;
        const auto left = elapsed / done_ * (runs_ - done_);
        std::cerr << stamp() << "[" << done_ << "/" << runs_ << "] " << text << "; about "
                  << std::chrono::duration_cast<std::chrono::seconds>(left).count() << " s left"
                  << std::endl;
    }

private:
    [[nodiscard]] std::string stamp() const {
        const auto elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
        std::array<char, 32> prefix{};
        std::snprintf(prefix.data(), prefix.size(), "%6.1f s  ", elapsed);
        return prefix.data();
    }

    Clock::time_point begin_ = Clock::now();
    std::size_t runs_;
    std::size_t done_ = 0;
};

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

int measure(const Options& options) {
    auto results = chosen(options);
    Progress progress(results.size() * options.repeat);
    Rig rig([&](const std::string& text) { progress.tell(text); });
    progress.tell("measuring the floor: plain PostgreSQL and a script");
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

} // namespace
} // namespace lockstep::bench

int main(int argc, char** argv) {
    using namespace lockstep::bench;
    Options options;
    CLI::App app("Lets faults happen to a real PostgreSQL pair under Lockstep, whose hosts are "
                 "network namespaces, and measures how long its clients wait.\n"
                 "Ends with 0 unless an acknowledged write was lost, two servers acknowledged side "
                 "by side, or a run could not be made; never because of a time.",
                 "deploy/bench failover");
    app.add_option("--repeat", options.repeat, "runs of each scenario")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--scenario", options.names, "only this one; repeatable");
    app.add_flag("--json", options.json,
                 "print an array of objects; everything else to standard error");
    app.add_option("--events", options.events,
                   "also write down there what the controller noted in each run");
    app.footer("Scenarios:\n" + scenario_list());
    CLI11_PARSE(app, argc, argv);
    if (geteuid() != 0) {
        std::cerr << "the benchmark needs root, for network namespaces\n";
        return 2;
    }
    try {
        return measure(options);
    } catch (const std::exception& error) {
        std::cerr << "the benchmark failed: " << error.what() << std::endl;
        return 1;
    }
}
