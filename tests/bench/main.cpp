// lockstep-bench: what clients notice on real servers: of faults, and of each commit.
#include <iostream>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/bench/durability.h"
#include "tests/bench/failover.h"
#include "tests/bench/rebuild.h"
#include "tests/bench/snapshot.h"

namespace lockstep::bench {
namespace {

void add_failover(CLI::App& app, FailoverOptions& options) {
    auto* const command = app.add_subcommand(
        "failover", "Lets faults happen to a real pair under Lockstep, whose hosts are network "
                    "namespaces, and measures how long its clients wait.\n"
                    "Ends with 0 unless an acknowledged write was lost, two servers acknowledged "
                    "side by side, or a run could not be made; never because of a time.");
    command->add_option("--engine", options.engine, "the database: postgresql, mysql or mariadb")
        ->check(CLI::IsMember({"postgresql", "mysql", "mariadb"}))
        ->capture_default_str();
    command->add_option("--repeat", options.repeat, "runs of each scenario")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--scenario", options.names, "only this one; repeatable");
    command->add_flag("--json", options.json,
                      "print an array of objects; everything else to standard error");
    command->add_option("--events", options.events,
                        "also write down there what the controller noted in each run");
    command
        ->add_option("--data-mib", options.data_mib,
                     "fill the database with so much first: does coming back depend on it?")
        ->check(CLI::Range(0, 1000000));
    command->footer("Scenarios:\n" + scenario_list());
}

void add_durability(CLI::App& app, DurabilityOptions& options) {
    auto* const command = app.add_subcommand(
        "durability", "Measures what a commit costs on a real pair under Lockstep with each "
                      "`durability`, and with a standby that nobody waits for, in turns.");
    command->add_option("--engine", options.engine, "the database: mysql or mariadb")
        ->check(CLI::IsMember({"mysql", "mariadb"}))
        ->capture_default_str();
    command->add_option("--rounds", options.rounds, "how often each is measured")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_flag("--json", options.json,
                      "print an array of objects; everything else to standard error");
}

void add_rebuild(CLI::App& app, RebuildOptions& options) {
    auto* const command = app.add_subcommand(
        "rebuild", "Loses the data of MariaDB's standby, has it made anew by mariadb-backup and by "
                   "a dump, in turns, and measures both and what writes notice of them.");
    command->add_option("--data-mib", options.data_mib, "how much data")
        ->check(CLI::Range(8, 1000000))
        ->capture_default_str();
    command->add_option("--rounds", options.rounds, "how often each is measured")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_flag("--json", options.json,
                      "print an array of objects; everything else to standard error");
}

void add_snapshot(CLI::App& app, SnapshotOptions& options) {
    auto* const command = app.add_subcommand(
        "snapshot", "Takes snapshots of a real pair under load and restores one, beside the bare "
                    "tools on the same machine, and measures what the primary notices of it and "
                    "how far the restorable time lags. Judges no time.");
    command->add_option("--engine", options.engine, "the database: postgresql or mariadb")
        ->check(CLI::IsMember({"postgresql", "mariadb"}))
        ->capture_default_str();
    command->add_option("--data-mib", options.data_mib, "how much data")
        ->check(CLI::Range(8, 1000000))
        ->capture_default_str();
    command->add_option("--clients", options.clients, "how many write at the same time")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command->add_option("--rounds", options.rounds, "how often each is measured")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command
        ->add_option("--seconds", options.seconds,
                     "of load alone in each round, and of looks at the restorable time")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    command->add_flag("--json", options.json, "print an object; everything else to standard error");
}

} // namespace
} // namespace lockstep::bench

int main(int argc, char** argv) {
    using namespace lockstep::bench;
    FailoverOptions failover;
    DurabilityOptions durability;
    RebuildOptions rebuild;
    SnapshotOptions snapshot;
    CLI::App app("Measures Lockstep on real databases.", "deploy/bench");
    app.require_subcommand(1);
    add_failover(app, failover);
    add_durability(app, durability);
    add_rebuild(app, rebuild);
    add_snapshot(app, snapshot);
    CLI11_PARSE(app, argc, argv);
    if (geteuid() != 0) {
        std::cerr << "the benchmark needs root, for network namespaces\n";
        return 2;
    }
    try {
        if (app.got_subcommand("failover")) {
            return measure_failover(failover);
        }
        if (app.got_subcommand("snapshot")) {
            return measure_snapshot(snapshot);
        }
        return app.got_subcommand("rebuild") ? measure_rebuild(rebuild)
                                             : measure_durability(durability);
    } catch (const std::exception& error) {
        std::cerr << "the benchmark failed: " << error.what() << std::endl;
        return 1;
    }
}
