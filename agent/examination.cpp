#include "agent/examination.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

using nlohmann::json;

std::size_t count(const Findings& findings, Finding::Weight weight) {
    return static_cast<std::size_t>(std::ranges::count(findings, weight, &Finding::weight));
}

std::string name_of(Finding::Weight weight) {
    return weight == Finding::Weight::refused ? "refused" : "reported";
}

std::vector<std::string> looked_at(const Examination& examination) {
    std::vector<std::string> places{"file"};
    if (examination.read_whole) {
        places.insert(places.end(), {"host", "programs"});
    }
    if (examination.server_runs) {
        places.emplace_back("server");
    }
    return places;
}

/// "FILE:12:3: what": the length of "FILE:12:3"; 0: it does not begin so.
std::size_t length_of_place(const std::string& line, const std::string& file) {
    if (!line.starts_with(file + ":")) {
        return 0;
    }
    const auto end = line.find_first_not_of("0123456789:", file.size());
    const bool whole = end != std::string::npos && end > file.size() + 1 && line[end] == ' ' &&
                       line[end - 1] == ':';
    return whole ? end - 1 : 0;
}

} // namespace

Findings findings_in(const std::string& message, const std::filesystem::path& file) {
    Findings found;
    std::size_t from = 0;
    while (from < message.size()) {
        const auto end = std::min(message.find('\n', from), message.size());
        const auto line = message.substr(from, end - from);
        from = end + 1;
        const auto place = length_of_place(line, file.string());
        Finding finding;
        finding.place = place == 0 ? file.string() : line.substr(0, place);
        const auto rest = place == 0 ? line : line.substr(place + 2);
        const auto semicolon = rest.find("; ");
        finding.what = rest.substr(0, semicolon);
        finding.mend = semicolon == std::string::npos ? "" : rest.substr(semicolon + 2);
        found.push_back(std::move(finding));
    }
    return found;
}

bool refuses(const Examination& examination) {
    return count(examination.findings, Finding::Weight::refused) > 0;
}

std::string to_text(const Examination& examination) {
    std::string text;
    for (const auto& finding : examination.findings) {
        text += name_of(finding.weight) + "  " + finding.place + ": " + finding.what + "\n";
        if (!finding.mend.empty()) {
            text += "          " + finding.mend + "\n";
        }
    }
    std::string places;
    for (const auto& place : looked_at(examination)) {
        places += (places.empty() ? "" : ", ") + place;
    }
    const auto refused = count(examination.findings, Finding::Weight::refused);
    const auto reported = count(examination.findings, Finding::Weight::reported);
    return text + examination.file.string() + ": " + std::to_string(refused) + " refused, " +
           std::to_string(reported) + " reported; looked at: " + places +
           (examination.read_whole && !examination.server_runs ? " (no server runs)" : "") + "\n";
}

std::string to_json(const Examination& examination) {
    auto findings = json::array();
    for (const auto& finding : examination.findings) {
        findings.push_back({{"weight", name_of(finding.weight)},
                            {"place", finding.place},
                            {"key", finding.key},
                            {"what", finding.what},
                            {"mend", finding.mend}});
    }
    return json{{"file", examination.file.string()},
                {"engine", examination.engine},
                {"looked_at", looked_at(examination)},
                {"refused", count(examination.findings, Finding::Weight::refused)},
                {"reported", count(examination.findings, Finding::Weight::reported)},
                {"findings", findings}}
        .dump(2);
}

} // namespace lockstep
