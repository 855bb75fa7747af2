#include "tests/bench/rebuild.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <vector>

#include "tests/bench/clients.h"
#include "tests/bench/filling.h"
#include "tests/bench/progress.h"
#include "tests/support/testbed/faults.h"

namespace lockstep::bench {

using namespace testbed;

namespace {

constexpr Milliseconds soon{30000};
constexpr Milliseconds rebuilt_within{1800000};
constexpr std::uint64_t first_writes = 20;
/// The same layout in other words: what names a path is dumped.
constexpr const char* dump_setting = "innodb_data_file_path = \"./ibdata1:12M:autoextend\"\n";

struct Way {
    std::string name;
    bool by_files;
    std::vector<std::int64_t> copy_ms;
    std::vector<std::int64_t> longest_gap_ms;
};

void choose(const Testbed& bed, const std::string& member, bool by_files) {
    const auto file = bed.configuration_of(member);
    auto text = read_text(file);
    if (const auto at = text.find(dump_setting); at != std::string::npos) {
        text.erase(at, std::string_view(dump_setting).size());
    }
    if (!by_files) {
        const std::string table = "[mariadb.settings]\n";
        text.insert(text.find(table) + table.size(), dump_setting);
    }
    std::ofstream(file, std::ios::trunc) << text;
}

/// "copied the data of a by mariadb-backup in 1234 ms"
std::int64_t copied_in(Testbed& bed, std::uint64_t after, const std::string& by) {
    for (const auto& event : bed.events(after)) {
        const auto message = event.at("message").get<std::string>();
        const auto at = message.rfind(" in ");
        if (message.find("copied the data of") != std::string::npos && at != std::string::npos &&
            message.find(by) != std::string::npos) {
            return std::stoll(message.substr(at + 4));
        }
    }
    throw Failure("the standby was not made anew by " + by + "\n" + bed.state_of_things());
}

std::uint64_t newest_event(Testbed& bed) {
    const auto events = bed.events();
    return events.empty() ? 0 : events.back().at("id").get<std::uint64_t>();
}

void rebuild(Testbed& bed, Way& way) {
    const auto standby = bed.pair().at("standby").get<std::string>();
    const auto primary = bed.pair().at("primary").get<std::string>();
    const auto before = newest_event(bed);
    lose_host(bed, standby);
    std::filesystem::remove_all(bed.data_of(standby));
    choose(bed, standby, way.by_files);
    bed.wait_for_pair(
        "go on alone", [](const Json& pair) { return pair.at("phase") == "solo"; }, soon);
    auto options = bed.writers();
    options.finder = fixed_finder(bed.address_of(primary));
    Writers writers(options);
    if (!writers.acknowledges(first_writes, in(soon))) {
        throw Failure("the primary takes no writes alone");
    }
    const auto from = Clock::now();
    return_host(bed, standby);
    bed.wait_until_in_sync(rebuilt_within);
    const auto ledger = writers.stop();
    way.copy_ms.push_back(copied_in(bed, before, way.by_files ? "mariadb-backup" : "mariadb-dump"));
    way.longest_gap_ms.push_back(ledger.longest_gap(from).count());
}

std::int64_t median(std::vector<std::int64_t> values) {
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

} // namespace

int measure_rebuild(const RebuildOptions& options) {
    std::array ways{Way{"mariadb-backup", true, {}, {}}, Way{"mariadb-dump", false, {}, {}}};
    Progress progress(ways.size() * options.rounds);
    Plan plan;
    plan.engine = Engine::mariadb;
    plan.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    progress.tell("forming a pair");
    Testbed bed(plan);
    bed.form();
    progress.tell("filling it with " + std::to_string(options.data_mib) + " MiB");
    fill(bed, plan.engine, options.data_mib);
    for (std::size_t round = 0; round < options.rounds; ++round) {
        for (auto& way : ways) {
            bed.wait_until_in_sync(rebuilt_within);
            rebuild(bed, way);
            progress.done(way.name);
        }
    }
    auto all = Json::array();
    for (const auto& way : ways) {
        all.push_back({{"by", way.name},
                       {"data_mib", options.data_mib},
                       {"rounds", options.rounds},
                       {"copy_ms", median(way.copy_ms)},
                       {"longest_write_gap_ms", std::ranges::max(way.longest_gap_ms)}});
    }
    if (options.json) {
        std::cout << all.dump(2) << std::endl;
        return 0;
    }
    for (const auto& way : all) {
        std::cout << way.at("by").get<std::string>() << ": " << way.at("copy_ms") << " ms for "
                  << way.at("data_mib") << " MiB; longest pause between writes "
                  << way.at("longest_write_gap_ms") << " ms\n";
    }
    return 0;
}

} // namespace lockstep::bench
