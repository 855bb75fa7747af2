#include "tests/demo/report.h"

#include <array>
#include <cstdio>
#include <ostream>

namespace lockstep::demo {

namespace {

std::string in_ms(std::int64_t value) {
    return std::to_string(value) + " ms";
}

std::string padded(const std::string& text, std::size_t width) {
    return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string times_floor(const Report& report) {
    if (report.floor.median_ms <= 0) {
        return "?";
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f",
                  static_cast<double>(report.outage_ms) /
                      static_cast<double>(report.floor.median_ms));
    return text.data();
}

std::string list(const std::vector<std::int64_t>& values);

std::string floor_words(const Report& report) {
    return in_ms(report.floor.median_ms) + "  plain " +
           testbed::product_of(testbed::engine_named(report.engine)) +
           ", promoted by a script the moment its primary dies (runs: " +
           list(report.floor.outages_ms) + "); the outage is " + times_floor(report) +
           " times that";
}

std::string list(const std::vector<std::int64_t>& values) {
    std::string text;
    for (const auto value : values) {
        text += (text.empty() ? "" : ", ") + std::to_string(value);
    }
    return text;
}

} // namespace

void print_json(const Report& report, std::ostream& out) {
    const auto& phases = report.timeline.phases;
    const auto& account = report.account;
    nlohmann::json json{{"engine", report.engine},
                        {"scene", report.scene},
                        {"acknowledged", account.acknowledged},
                        {"lost", account.lost},
                        {"acknowledged_with_warning", account.acknowledged_with_warning},
                        {"unknown", account.unknown},
                        {"unknown_but_present", account.unknown_but_present},
                        {"stale", account.stale},
                        {"outage_ms", report.outage_ms},
                        {"floor_ms", report.floor.median_ms},
                        {"floor_runs_ms", report.floor.outages_ms},
                        {"phases_ms",
                         {{"detect", phases.detect},
                          {"decide", phases.decide},
                          {"promote", phases.promote},
                          {"publish", phases.publish},
                          {"first_write", phases.first_write}}},
                        {"primary_before", report.primary_before},
                        {"primary_after", report.primary_after},
                        {"redundant_again_ms", report.redundant_again_ms},
                        {"ok", report.ok}};
    if (const auto& back = report.restoration) {
        json["snapshot_ms"] = back->snapshot_ms;
        json["restore_ms"] = back->restore_ms;
        json["rows_expected"] = back->rows_expected;
        json["rows_restored"] = back->rows_restored;
        json["equal"] = back->equal;
    }
    out << json.dump() << std::endl;
}

namespace {

void print_restoration(const Report& report, std::ostream& out) {
    const auto& back = *report.restoration;
    out << "\nsnapshot      " << in_ms(back.snapshot_ms)
        << "  taken from the standby while clients wrote\n"
        << "restore       " << in_ms(back.restore_ms)
        << "  until the new pair serves, as it was to the second\n"
        << "rows          expected " << back.rows_expected << ", restored " << back.rows_restored
        << ", " << (back.equal ? "equal" : "NOT equal") << "\n"
        << "writes        acknowledged " << report.account.acknowledged << ", lost "
        << report.account.lost << "; the longest pause " << in_ms(report.outage_ms) << "\n";
    if (!report.ok) {
        out << "\nNOT as it should be:\n" << report.troubles;
    }
}

} // namespace

void print_story(const Report& report, std::ostream& out) {
    if (report.restoration) {
        print_restoration(report, out);
        return;
    }
    const auto& phases = report.timeline.phases;
    out << "\nWhat the controller wrote down, from the fault on:\n";
    for (const auto& moment : report.timeline.moments) {
        out << padded(in_ms(moment.after_ms), 10) << "  " << moment.kind << ": " << moment.message
            << "\n";
    }
    out << "\nWhere the time went: detect " << in_ms(phases.detect) << ", decide "
        << in_ms(phases.decide) << ", promote " << in_ms(phases.promote) << " (publish the name "
        << in_ms(phases.publish) << " meanwhile), first write " << in_ms(phases.first_write) << "\n"
        << "\noutage        " << in_ms(report.outage_ms) << "  the longest time without any"
        << " acknowledged write\n"
        << "floor         " << floor_words(report) << "\n"
        << "redundant in  " << in_ms(report.redundant_again_ms) << "  " << report.primary_before
        << " is back as the standby of " << report.primary_after << "\n"
        << "writes        acknowledged " << report.account.acknowledged << ", lost "
        << report.account.lost << " (" << report.account.unknown
        << " without an answer when the primary died, of which "
        << report.account.unknown_but_present << " are there)\n";
    if (!report.ok) {
        out << "\nNOT as it should be:\n" << report.troubles;
    }
}

} // namespace lockstep::demo
