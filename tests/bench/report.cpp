#include "tests/bench/report.h"

#include <array>
#include <cstdio>
#include <ostream>

#include <nlohmann/json.hpp>

namespace lockstep::bench {

namespace {

using Json = nlohmann::json;

Json json_of(const Range& range) {
    return {{"min", range.min}, {"median", range.median}, {"max", range.max}};
}

Json json_of(const std::optional<Range>& range) {
    return range ? json_of(*range) : Json();
}

Json json_of(const Result& result, const testbed::Floor& floor) {
    Json json{{"scenario", result.scenario->name},
              {"engine", testbed::name_of(result.engine)},
              {"runs", result.samples.size()},
              {"outage_ms", Json()},
              {"outage_servers_ms", Json()},
              {"down_total_ms", Json()},
              {"phases_ms", result.median_phases()},
              {"floor_ms", floor.median_ms},
              {"fenced_ms", json_of(result.fenced())},
              {"redundant_again_ms", json_of(result.redundant())},
              {"redundant_after_mending_ms", json_of(result.redundant_after_mending())},
              {"failed", result.failed()},
              {"lost", result.lost()},
              {"split", result.split()},
              {"trouble", result.trouble}};
    if (!result.samples.empty()) {
        json["outage_ms"] = json_of(result.outage());
        json["outage_servers_ms"] = json_of(result.outage_servers());
        json["down_total_ms"] = json_of(result.down_total());
        json["missed"] = result.missed(floor.median_ms);
    }
    return json;
}

std::string in_seconds(std::int64_t ms) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), ms < 10000 ? "%.2f" : "%.1f",
                  static_cast<double>(ms) / 1000);
    return text.data();
}

// Left-aligned first column, the others right-aligned.
using Cells = std::vector<std::string>;
void print_row(const Cells& cells, const std::vector<std::size_t>& widths, std::ostream& out) {
    std::string line;
    for (std::size_t column = 0; column < cells.size(); ++column) {
        const auto& text = cells[column];
        const auto width = widths.at(column);
        const std::string blanks(width > text.size() ? width - text.size() : 0, ' ');
        line += column == 0 ? text + blanks : " " + blanks + text;
    }
    out << line << "\n";
}

void print_outages(const std::vector<Result>& results, std::ostream& out) {
    const std::vector<std::size_t> widths{28, 4, 5, 6, 5, 5, 7, 9, 9, 4, 5};
    print_row({"seconds without a write", "runs", "min", "median", "max", "down", "servers",
               "target", "peers", "lost", "split"},
              widths, out);
    for (const auto& result : results) {
        const auto& scenario = *result.scenario;
        if (result.samples.empty()) {
            print_row({scenario.name, "0"}, widths, out);
            continue;
        }
        const auto outage = result.outage();
        print_row({scenario.name, std::to_string(result.samples.size()), in_seconds(outage.min),
                   in_seconds(outage.median), in_seconds(outage.max),
                   in_seconds(result.down_total().median),
                   in_seconds(result.outage_servers().median), result.aims().target.in_words,
                   result.aims().peers, std::to_string(result.lost()),
                   std::to_string(result.split())},
                  widths, out);
    }
}

void print_phases(const std::vector<Result>& results, std::ostream& out) {
    const std::vector<std::size_t> widths{28, 6, 6, 7, 5, 7, 5, 6, 9, 13};
    print_row({"where it went, median ms", "detect", "decide", "promote", "relax", "publish",
               "first", "fenced", "redundant", "after mending"},
              widths, out);
    for (const auto& result : results) {
        const auto phases = result.median_phases();
        const auto phase = [&](const char* name) {
            const auto found = phases.find(name);
            return found == phases.end() ? "-" : std::to_string(found->second);
        };
        const auto median = [](const std::optional<Range>& range) {
            return range ? std::to_string(range->median) : "-";
        };
        print_row({result.scenario->name, phase("detect"), phase("decide"), phase("promote"),
                   phase("relax"), phase("publish"), phase("first_write"), median(result.fenced()),
                   median(result.redundant()), median(result.redundant_after_mending())},
                  widths, out);
    }
}

// Relaxing waits for a process of the database that may be busy (REDTEAM_F20).
void print_relaxations(const std::vector<Result>& results, std::ostream& out) {
    std::vector<std::int64_t> times;
    for (const auto& result : results) {
        for (const auto& sample : result.samples) {
            if (const auto relax = sample.phases.find("relax"); relax != sample.phases.end()) {
                times.push_back(relax->second);
            }
        }
    }
    if (times.empty()) {
        return;
    }
    const auto range = range_of(times);
    out << "Primaries were told " << times.size() << " times to wait for nobody any more; they did "
        << "so after " << range.min << " / " << range.median << " / " << range.max
        << " ms (min / median / max).\n";
}

void print_misses(const std::vector<Result>& results, std::int64_t floor, std::ostream& out) {
    for (const auto& result : results) {
        if (!result.trouble.empty()) {
            out << "NOT RUN  " << result.scenario->name << ": " << result.trouble << "\n";
        }
        if (result.samples.empty()) {
            continue;
        }
        if (const auto missed = result.missed(floor); !missed.empty()) {
            out << "missed   " << result.scenario->name << ": " << missed << "\n";
        }
    }
}

} // namespace

void print_json(const std::vector<Result>& results, const testbed::Floor& floor,
                std::ostream& out) {
    auto all = Json::array();
    for (const auto& result : results) {
        all.push_back(json_of(result, floor));
    }
    out << all.dump(2) << std::endl;
}

void print_events(const std::vector<Result>& results, std::ostream& out) {
    for (const auto& result : results) {
        for (std::size_t run = 0; run < result.samples.size(); ++run) {
            const auto& sample = result.samples[run];
            out << "\n"
                << result.scenario->name << ", run " << run + 1 << ": " << sample.outage
                << " ms without a write\n";
            for (const auto& moment : sample.moments) {
                out << moment.after_ms << " ms  " << moment.kind << ": " << moment.message << "\n";
            }
        }
    }
}

void print_tables(const std::vector<Result>& results, const testbed::Floor& floor,
                  std::ostream& out) {
    print_outages(results, out);
    const auto range = range_of(floor.outages_ms);
    const auto engine = results.front().engine;
    out << "Floor (plain " << testbed::product_of(engine)
        << ", promoted by a script when its primary dies, the same clients): "
        << in_seconds(range.min) << " / " << in_seconds(range.median) << " / "
        << in_seconds(range.max) << " s.\n"
        << "Down: median of all times over 0.5 s together, until the pair was in sync again.\n"
        << "Servers: as probes of each server see it; the target in brackets is theirs.\n"
        << "Peers: " << peers_of(engine) << ".\n\n";
    print_phases(results, out);
    print_relaxations(results, out);
    out << "\n";
    print_misses(results, floor.median_ms, out);
    out << std::flush;
}

} // namespace lockstep::bench
