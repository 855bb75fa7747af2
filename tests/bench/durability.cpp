#include "tests/bench/durability.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <iostream>

#include "tests/bench/clients.h"
#include "tests/bench/progress.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr Milliseconds soon{30000};
constexpr Milliseconds redundant_within{180000}; // A standby lost again streams for long first.
constexpr int most_losses = 3;
constexpr std::uint64_t first_writes = 50; // Not counted.

struct Load {
    std::size_t clients;
    std::uint64_t commits;
};
constexpr std::array loads{Load{1, 400}, Load{8, 2000}};

/// The pair, and who is who in it now.
struct Sides {
    explicit Sides(Testbed& of) : bed(of) {
        const auto pair = bed.pair();
        primary = pair.at("primary").get<std::string>();
        standby = pair.at("standby").get<std::string>();
    }
    Testbed& bed;
    std::string primary;
    std::string standby;
};

std::string relay_log_sync_for(const std::string& word) {
    return word == "flush" ? "1" : "10000";
}

void write_durability(const std::filesystem::path& file, Engine engine, const std::string& word) {
    const auto table = "[" + name_of(engine) + "]\n";
    auto text = read_text(file);
    if (const auto line = text.find("durability = "); line != std::string::npos) {
        text.erase(line, text.find('\n', line) + 1 - line);
    }
    text.insert(text.find(table) + table.size(), "durability = \"" + word + "\"\n");
    std::ofstream(file, std::ios::trunc) << text;
}

/// Into the agents' files, whose databases go on while they are restarted. The servers are told
/// while no agent looks: another value than the agent's would cost the standby its place.
void set_durability(Testbed& bed, Engine engine, const std::string& word) {
    for (const auto& member : bed.members()) {
        bed.agent(member).end(SIGTERM, in(soon));
        write_durability(bed.configuration_of(member), engine, word);
        bed.say_as_superuser(member, "set global sync_relay_log = " + relay_log_sync_for(word));
        bed.start_agent(member);
    }
}

std::string relay_log_sync(const Testbed& bed, const Json& pair) {
    const auto standby = bed.reader_of(pair.at("standby").get<std::string>());
    return ask_once(standby, "select @@global.sync_relay_log", in(soon)).at(0).at(0);
}

void wait_for_durability(Testbed& bed, const std::string& word) {
    bed.wait_for_pair(
        "be in sync with durability = \"" + word + "\"",
        [&](const Json& pair) {
            return pair.at("phase") == "in sync" &&
                   relay_log_sync(bed, pair) == relay_log_sync_for(word);
        },
        redundant_within);
}

bool streams_for_nobody(const Json& pair, const std::string& standby) {
    const auto& members = pair.at("members");
    return pair.at("phase") == "solo" && std::ranges::any_of(members, [&](const Json& member) {
               return member.at("id") == standby && member.at("stream").is_object() &&
                      member.at("stream").at("connected") == true;
           });
}

/// A standby that was lost twice streams for 30 s before commits wait for it again.
void be_asynchronous(const Sides& sides) {
    const auto is_held_down = [&](const Json& pair) {
        return streams_for_nobody(pair, sides.standby) &&
               pair.at("because").get<std::string>().find("must first stream cleanly") !=
                   std::string::npos;
    };
    bool held_down = false;
    for (int loss = 0; loss < most_losses && !held_down; ++loss) {
        kill_postmaster(sides.bed, sides.standby);
        sides.bed.wait_for_pair(
            "lose its standby", [](const Json& pair) { return pair.at("phase") == "solo"; }, soon);
        sides.bed.wait_for_pair(
            "let its standby in, or have it stream first",
            [&](const Json& pair) {
                held_down = is_held_down(pair);
                return held_down || pair.at("phase") == "in sync";
            },
            soon);
    }
    if (!held_down) {
        throw Failure("a standby that was lost again and again is let in at once");
    }
}

/// Changing sides makes the pair forget how often the standby was lost.
void be_in_sync_again(Testbed& bed) {
    bed.wait_until_in_sync(redundant_within);
    static_cast<void>(bed.ask({"failover", "shop"}, soon));
    bed.wait_until_in_sync(redundant_within);
}

std::vector<double> commit_times(const Sides& sides, const Load& load) {
    auto options = sides.bed.writers();
    options.count = load.clients;
    options.pause = Milliseconds{0};
    options.statement_patience = soon;
    options.finder = fixed_finder(sides.bed.address_of(sides.primary));
    Writers writers(options);
    bool done = writers.acknowledges(first_writes, in(soon));
    const auto from = Clock::now();
    done = done && writers.acknowledges(load.commits, in(soon));
    const auto ledger = writers.stop();
    if (!done) {
        throw Failure("the pair takes no writes: " + ledger.troubles());
    }
    std::vector<double> times;
    for (const auto& write : ledger.writes) {
        if (write.sent >= from && write.end == Session::End::answered) {
            times.push_back(
                std::chrono::duration<double, std::milli>(write.answered - write.sent).count());
        }
    }
    return times;
}

/// One way of committing, and what was measured of it under each load.
struct Way {
    const char* name;
    const char* what;
    std::array<std::vector<double>, loads.size()> times;
};

void measure(Way& way, const Sides& sides) {
    for (std::size_t load = 0; load < loads.size(); ++load) {
        const auto more = commit_times(sides, loads.at(load));
        way.times.at(load).insert(way.times.at(load).end(), more.begin(), more.end());
    }
}

double percentile(std::vector<double> values, std::size_t percent) {
    std::ranges::sort(values);
    return values.at(std::min(values.size() - 1, values.size() * percent / 100));
}

using Ways = std::array<Way, 3>;

void measure_strict(Way& way, Testbed& bed, Engine engine) {
    set_durability(bed, engine, way.name);
    wait_for_durability(bed, way.name);
    measure(way, Sides(bed));
}

void measure_asynchronous(Way& way, Testbed& bed) {
    const Sides sides(bed);
    be_asynchronous(sides);
    measure(way, sides);
    if (!streams_for_nobody(bed.pair(), sides.standby)) {
        throw Failure("commits began to wait for the standby while they were measured without");
    }
    be_in_sync_again(bed);
}

void print_table(const Ways& ways, Engine engine, std::ostream& out) {
    std::array<char, 128> line{};
    const auto print = [&](const char* format, auto... values) {
        std::snprintf(line.data(), line.size(), format, values...);
        out << line.data() << "\n";
    };
    out << "ms from statement to acknowledgement, " << product_of(engine) << "\n";
    print("%-14s %17s %17s %9s", "", "one client", "8 clients", "");
    print("%-14s %8s %8s %8s %8s %9s", "durability", "median", "99 %", "median", "99 %", "commits");
    for (const auto& way : ways) {
        const auto& [one, many] = way.times;
        print("%-14s %8.2f %8.2f %8.2f %8.2f %9zu", way.name, percentile(one, 50),
              percentile(one, 99), percentile(many, 50), percentile(many, 99),
              one.size() + many.size());
    }
    for (const auto& way : ways) {
        out << way.name << ": " << way.what << ".\n";
    }
    out << "Both servers share this machine's disk.\n" << std::flush;
}

void print_json(const Ways& ways, Engine engine, std::ostream& out) {
    auto all = Json::array();
    for (const auto& way : ways) {
        for (std::size_t load = 0; load < loads.size(); ++load) {
            const auto& times = way.times.at(load);
            all.push_back({{"engine", name_of(engine)},
                           {"durability", way.name},
                           {"clients", loads.at(load).clients},
                           {"commits", times.size()},
                           {"median_ms", percentile(times, 50)},
                           {"p99_ms", percentile(times, 99)}});
        }
    }
    out << all.dump(2) << std::endl;
}

} // namespace

int measure_durability(const DurabilityOptions& options) {
    const auto engine = engine_named(options.engine);
    static_cast<void>(programs_of(engine)); // Better said before anything is made.
    Ways ways{Way{"flush", "the standby flushes each event before it acknowledges", {}},
              Way{"receive", "the standby writes each event and does not flush it", {}},
              Way{"asynchronous", "a standby streams, and nobody waits for it", {}}};
    auto& [flush, receive, asynchronous] = ways;
    Progress progress(ways.size() * options.rounds);
    Plan plan;
    plan.engine = engine;
    plan.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    progress.tell("forming a pair");
    Testbed bed(plan);
    bed.form();
    for (std::size_t round = 0; round < options.rounds; ++round) {
        for (auto* const way : {&flush, &receive}) {
            measure_strict(*way, bed, engine);
            progress.done(way->name);
        }
        measure_asynchronous(asynchronous, bed);
        progress.done(asynchronous.name);
    }
    print_table(ways, engine, options.json ? std::cerr : std::cout);
    if (options.json) {
        print_json(ways, engine, std::cout);
    }
    return 0;
}

} // namespace lockstep::bench
